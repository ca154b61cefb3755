//! HTML. By hand: a template engine would escape.

use axum::response::{Html, IntoResponse, Redirect, Response};
use certsession_axum::{CertSession, Error};
use std::fmt::Write;

/// A page with the messages for it above its body.
pub(crate) async fn page(session: &CertSession, body: &str) -> Result<Response, Error> {
    let mut messages = String::new();
    for flash in session.take_flashes().await? {
        let (level, text) = (flash.level().as_str(), escape(flash.text()));
        // Writing to a string cannot fail.
        let _ = write!(messages, "<p class=\"{level}\">{text}</p>");
    }
    let html = format!("<!doctype html><title>Workshop</title>{messages}{body}");
    Ok(Html(html).into_response())
}

/// A form with its token. Without a session there is none, and nothing to protect.
pub(crate) async fn form(
    session: &CertSession,
    action: &str,
    inner: &str,
) -> Result<String, Error> {
    let token = session.csrf_token().await?;
    let token = token.map_or(String::new(), |token| token.to_string());
    Ok(format!(
        "<form method=\"post\" action=\"{action}\"><input type=\"hidden\" name=\"csrf\" value=\"{token}\">\
         {inner}<button>{action}</button></form>"
    ))
}

pub(crate) fn back_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
