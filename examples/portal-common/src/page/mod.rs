//! The pages for a browser: the portal's own, and those of errors.
//!
//! The server makes all HTML. The script replaces parts of the page by what the server sends, so
//! that there is one description of each.

mod cards;
mod error;
mod html;
mod shell;

use std::time::Duration;

use certsession_core::PeerCertificate;
use certsession_http::{Error, RequestSession};

pub(crate) use cards::cards;
pub use error::{ErrorPage, wants_page};
pub use shell::policy;

use cards::bound_to;
use html::{escape, list, time};
use shell::{SCRIPT, shell};

/// A certificate's expiry is near when less than this is left.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// `GET /`.
///
/// # Errors
///
/// If the store fails.
pub async fn render(session: &RequestSession) -> Result<String, Error> {
    let is_signed_in = session.principal().is_some();
    let cards = match is_signed_in {
        true => cards(session).await?,
        false => String::new(),
    };
    let live = match (is_signed_in, session.record().is_some()) {
        (true, _) => "sessions",
        (false, true) => "session",
        (false, false) => "",
    };
    Ok(shell(include_str!("page.html"))
        .replace("{{script}}", SCRIPT)
        .replace("{{live}}", live)
        .replace("{{signed-in}}", if is_signed_in { "yes" } else { "no" })
        .replace("{{who}}", &who(session))
        .replace("{{certificate}}", &certificate(session))
        .replace("{{session}}", &this_session(session))
        .replace("{{sessions}}", &cards))
}

fn who(session: &RequestSession) -> String {
    match session.principal() {
        Some(principal) => format!(
            "Signed in as <strong>{}</strong>.",
            escape(principal.as_str())
        ),
        None => "Not signed in.".to_owned(),
    }
}

fn certificate(session: &RequestSession) -> String {
    let Some(peer) = session.peer() else {
        return "<p>This connection has no client certificate.</p>".to_owned();
    };
    let left = peer.not_after().saturating_since(session.now());
    let soon = match left < SOON {
        true => " <span class=\"tag soon\">expires soon</span>",
        false => "",
    };
    let mut entries = vec![("Subject", escape(peer.subject()))];
    let names = names(&peer);
    if !names.is_empty() {
        entries.push(("Names", escape(&names)));
    }
    entries.extend([
        ("Expires", time(peer.not_after()) + soon),
        ("Serial", format!("<code>{}</code>", peer.serial())),
        ("SHA-256", format!("<code>{}</code>", peer.fingerprint())),
    ]);
    list(&entries)
}

fn names(peer: &PeerCertificate) -> String {
    let names = peer.dns_names().chain(peer.email_addresses());
    names.chain(peer.uris()).collect::<Vec<_>>().join(", ")
}

fn this_session(session: &RequestSession) -> String {
    let Some(record) = session.record() else {
        return "<p>There is no session yet. Signing in begins one.</p>".to_owned();
    };
    list(&[
        ("Handle", format!("<code>{}</code>", record.handle())),
        ("Bound to", bound_to(record.binding())),
        ("Ends unused", time(record.idle_deadline())),
        ("Ends at the latest", time(record.absolute_deadline())),
    ])
}
