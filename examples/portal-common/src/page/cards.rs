//! The list of the user's sessions, as the page shows it: a card for each.

use certsession_core::{Binding, Device, Handle, Page, SessionSummary};
use certsession_http::{Error, RequestSession};

use super::html::{escape, list, time};

/// The cards of the first hundred sessions of the principal who is signed in.
pub(crate) async fn cards(session: &RequestSession) -> Result<String, Error> {
    let page = session.sessions(&Page::at_most(100)).await?;
    let own = session.handle();
    Ok(page.sessions().iter().map(|it| card(it, own)).collect())
}

fn card(session: &SessionSummary, own: Option<Handle>) -> String {
    let handle = session.handle();
    let is_own = own == Some(handle);
    let device = session.device();
    let agent = device.and_then(Device::agent).unwrap_or_default();
    let name = escape(device.and_then(Device::label).unwrap_or(kind_of(agent)));
    let (class, tag) = match is_own {
        true => (" class=\"this\"", " <span class=\"tag\">this one</span>"),
        false => ("", ""),
    };
    let details = list(&[
        ("Began", time(session.created_at())),
        ("Last seen", time(session.last_seen_at())),
        ("Ends unused", time(session.idle_deadline())),
        ("Ends at the latest", time(session.absolute_deadline())),
        ("Certificate", bound_to(session.binding())),
        ("Handle", format!("<code>{handle}</code>")),
    ]);
    format!(
        "<li{class}><div class=\"name\"><h3>{name}</h3>{tag}</div>\
         <p class=\"quiet\">{agent}</p>{details}\
         <button data-call=\"DELETE /sessions/{handle}\" id=\"end-{handle}\" \
         data-done=\"The session has ended.\" aria-label=\"End the session {name}\">End</button></li>\n",
        agent = escape(agent),
    )
}

/// The subject of the certificate that a session is bound to.
pub(super) fn bound_to(binding: Option<&Binding>) -> String {
    binding.map_or("no certificate yet".to_owned(), |binding| {
        escape(binding.subject())
    })
}

/// What kind of program it is, by what it claims to be.
fn kind_of(agent: &str) -> &'static str {
    // Each of these claims to be some of the later ones too.
    const KINDS: [(&str, &str); 7] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome or Chromium"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("Mozilla/", "Browser"),
    ];
    let kind = KINDS.iter().find(|(mark, _)| agent.contains(mark));
    kind.map_or("Unnamed device", |(_, name)| name)
}
