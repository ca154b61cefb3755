//! What all pages have: the style, the icon, and the policy.

use std::sync::LazyLock;

use base64ct::{Base64, Encoding};
use ring::digest::{SHA256, digest};

const STYLE: &str = include_str!("page.css");
pub(crate) const SCRIPT: &str = include_str!("page.js");

/// A key, as an address of its own: the browser asks for no file.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16' \
     fill='none' stroke='%231d4ed8' stroke-width='2'%3E%3Ccircle cx='5' cy='8' r='3'/%3E\
     %3Cpath d='M8 8h7v3M12 8v2'/%3E%3C/svg%3E";

/// The `Content-Security-Policy` of the pages: nothing runs or loads but their one style and one
/// script, which are named by their hashes.
pub fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let hash = |text: &str| Base64::encode_string(digest(&SHA256, text.as_bytes()).as_ref());
        format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
             connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            hash(STYLE),
            hash(SCRIPT)
        )
    });
    &POLICY
}

/// A template with what all pages have.
pub(crate) fn shell(template: &str) -> String {
    template
        .replace("{{icon}}", ICON)
        .replace("{{style}}", STYLE)
}
