//! What a person sees where a request fails. A program gets a status and a line of text.

use super::html::escape;
use super::shell::shell;

/// Whether the client of a request with this `Accept` field is a browser that opens a page.
pub fn wants_page(accept: &str) -> bool {
    let mut ranges = accept.split(',').map(|range| range.split(';').next());
    ranges.any(|range| range.is_some_and(|range| range.trim() == "text/html"))
}

/// The page of a status.
#[derive(Clone, Copy, Debug)]
pub struct ErrorPage {
    status: u16,
    title: &'static str,
    advice: &'static str,
}

impl ErrorPage {
    /// The page of this status, if it has one.
    pub const fn of(status: u16) -> Option<Self> {
        let (title, advice) = match status {
            401 => (
                "Please sign in",
                "This is for users who have signed in. The portal's first page has the form.",
            ),
            403 => (
                "This certificate is not admitted",
                "A session belongs to one certificate. If this browser has the session of another \
                 certificate, that session stays with its owner: choose the owner's certificate, \
                 or restart the browser to begin a session of your own. If your certificate has \
                 expired or was revoked, ask for a new one.",
            ),
            404 => (
                "There is no such page",
                "Perhaps the address has a mistake in it.",
            ),
            503 => (
                "The portal cannot reach its sessions",
                "Nothing is lost. Please try again in a moment.",
            ),
            _ => return None,
        };
        Some(Self {
            status,
            title,
            advice,
        })
    }

    /// The page as HTML. `reason` is the line of text that a program gets.
    pub fn render(self, reason: &str) -> String {
        let reason = match reason.trim() {
            "" => String::new(),
            reason => format!(
                "<p class=\"quiet\">The server says: {}.</p>",
                escape(reason)
            ),
        };
        shell(include_str!("error.html"))
            .replace("{{title}}", self.title)
            .replace("{{status}}", &self.status.to_string())
            .replace("{{advice}}", self.advice)
            .replace("{{reason}}", &reason)
    }
}
