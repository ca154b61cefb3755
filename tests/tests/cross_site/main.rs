//! Requests that the page of another site makes: with curl, which says what a test tells it to, and
//! with a real browser.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod browser;
mod curl;
