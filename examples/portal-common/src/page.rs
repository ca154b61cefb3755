//! The page for a browser: the principal, the certificate, the sessions, and buttons.

use std::fmt::Write;

use certsession_http::{Error, RequestSession};

use crate::describe::{Listed, sessions};

/// The page's `Content-Security-Policy`: nothing but its own style and script may run or load.
pub const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /`.
///
/// # Errors
///
/// If the store fails.
pub async fn render(session: &RequestSession) -> Result<String, Error> {
    let listed = match session.principal() {
        Some(_) => sessions(session).await?,
        None => Vec::new(),
    };
    Ok(include_str!("page.html")
        .replace("{{who}}", &who(session))
        .replace("{{certificate}}", &certificate(session))
        .replace("{{session}}", &this_session(session))
        .replace("{{sessions}}", &rows(&listed))
        .replace(
            "{{signed-in}}",
            if session.principal().is_some() {
                "yes"
            } else {
                "no"
            },
        ))
}

fn who(session: &RequestSession) -> String {
    match session.principal() {
        Some(principal) => format!(
            "Signed in as <strong>{}</strong>",
            escape(principal.as_str())
        ),
        None => "Not signed in".to_owned(),
    }
}

fn certificate(session: &RequestSession) -> String {
    let Some(peer) = session.peer() else {
        return "<p>This connection has no client certificate.</p>".to_owned();
    };
    list(&[
        ("Subject", escape(peer.subject())),
        ("Serial", peer.serial().to_string()),
        ("SHA-256", peer.fingerprint().to_string()),
    ])
}

fn this_session(session: &RequestSession) -> String {
    match session.handle() {
        Some(handle) => format!("<p>Session <code>{handle}</code>, bound to this certificate.</p>"),
        None => "<p>There is no session yet. Signing in begins one.</p>".to_owned(),
    }
}

fn rows(sessions: &[Listed]) -> String {
    let mut rows = String::new();
    for session in sessions {
        let this = if session.current {
            " class=\"this\""
        } else {
            ""
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            rows,
            "<tr{this}><td><code>{handle}</code></td><td>{created}</td><td>{seen}</td>\
             <td>{subject}</td><td><button data-call=\"DELETE /sessions/{handle}\">End</button></td></tr>",
            handle = session.handle,
            created = to_the_second(&session.created_at),
            seen = to_the_second(&session.last_seen_at),
            subject = session
                .certificate
                .as_ref()
                .map_or(String::new(), |it| escape(&it.subject)),
        );
    }
    rows
}

/// Shortens an RFC 3339 time to seconds.
fn to_the_second(time: &str) -> String {
    time.chars()
        .take("2026-01-31T23:59:59".len())
        .map(|character| if character == 'T' { ' ' } else { character })
        .collect()
}

fn list(entries: &[(&str, String)]) -> String {
    let entries: String = entries
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd><code>{value}</code></dd>"))
        .collect();
    format!("<dl>{entries}</dl>")
}

fn escape(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Prevents the text from being taken for a placeholder of the page's template.
            '{' => escaped.push_str("&#123;"),
            other => escaped.push(other),
        }
        escaped
    })
}
