//! The forms that a secret can take in a log line.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use certsession_core::{Handle, Token};

/// The start of the secret half in a token's text; half of the character before belongs to the
/// handle.
const SECRET_FROM: usize = 22;

/// The tokens of a ledger, without duplicates. Other values that a test sent in a cookie are
/// skipped.
pub(super) fn tokens(ledger: &str) -> BTreeSet<&str> {
    ledger
        .lines()
        .filter(|line| Token::parse(line.as_bytes()).is_ok())
        .collect()
}

/// Passes every form of a token's secret half to `add`, in pieces.
pub(super) fn of_token(token: &str, mut add: impl FnMut(&[u8])) {
    let text = &token.as_bytes()[SECRET_FROM..];
    let bytes = Base64UrlUnpadded::decode_vec(token).unwrap();
    let secret = &bytes[Handle::LENGTH..];

    pieces(text, &mut add);
    for form in [
        Base64UrlUnpadded::encode_string(secret),
        Base64Unpadded::encode_string(secret),
        hex(secret),
        hex(secret).to_uppercase(),
    ] {
        pieces(form.as_bytes(), &mut add);
    }
    for bytes in [secret, text] {
        for piece in [&bytes[..16], &bytes[bytes.len() - 16..]] {
            lists(piece, &mut add);
        }
    }
    for piece in [&secret[..16], &secret[16..]] {
        add(piece.escape_ascii().to_string().as_bytes());
    }
}

/// Like [`of_token`], for the beginning of every secret value, without the plain text.
pub(super) fn of_secret_value(beginning: &str, mut add: impl FnMut(&[u8])) {
    add(hex(beginning.as_bytes()).as_bytes());
    lists(beginning.as_bytes(), &mut add);
}

/// Cuts a form into pieces that are too long to occur by chance. The last one overlaps the one
/// before.
fn pieces(form: &[u8], mut add: impl FnMut(&[u8])) {
    const LENGTH: usize = 16;
    form.chunks_exact(LENGTH).for_each(&mut add);
    add(&form[form.len() - LENGTH..]);
}

/// The bytes as `{:?}`, `{:x?}`, `{:02x?}` and JSON write a list of them, without the brackets.
fn lists(bytes: &[u8], mut add: impl FnMut(&[u8])) {
    let lists = [
        format!("{bytes:?}"),
        format!("{bytes:x?}"),
        format!("{bytes:02x?}"),
        format!("{bytes:?}").replace(' ', ""),
    ];
    for list in lists {
        add(list.trim_matches(['[', ']']).as_bytes());
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
