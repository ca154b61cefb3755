//! Correct and incorrect setup of an application: a missing part is a 500 and a log line that names
//! it.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod cookies;
mod development;
mod hook;
mod middleware;
mod placing;
mod plain;
mod seam;
