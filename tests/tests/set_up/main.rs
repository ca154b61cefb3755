//! How an application is put together, rightly and wrongly: what is missing is a 500 and a line
//! in the log that names it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on, stops")]

mod cookies;
mod hook;
mod middleware;
mod placing;
mod plain;
mod seam;
