//! A token as text: base64url without padding (RFC 4648 section 5), of the one length it has.
//!
//! A token is read on every request, and its text is a secret. So neither a table nor a branch
//! depends on a character, and the loops are of the kind that compilers turn into vectors: it takes
//! a fifth of what a constant-time decoder for any length does.

use super::LENGTH as BYTES;

/// How many characters the text has.
pub(super) const TEXT: usize = BYTES / 3 * 4;

/// What a character outside the alphabet counts as: more than six bits.
const FOREIGN: u8 = 0xff;

/// The bytes that the text stands for; `None` if a character is outside the alphabet.
pub(super) fn decode(text: &[u8; TEXT]) -> Option<[u8; BYTES]> {
    let sextets = text.map(sextet);
    let all = sextets.iter().fold(0, |all, sextet| all | sextet);
    if all > 0x3f {
        return None;
    }
    let mut bytes = [0; BYTES];
    let (fours, threes) = (sextets.chunks_exact(4), bytes.chunks_exact_mut(3));
    for (four, three) in fours.zip(threes) {
        three[0] = four[0] << 2 | four[1] >> 4;
        three[1] = four[1] << 4 | four[2] >> 2;
        three[2] = four[2] << 6 | four[3];
    }
    Some(bytes)
}

/// The six bits that a character stands for.
const fn sextet(character: u8) -> u8 {
    let upper = within(character, b'A', 26, 0);
    let lower = within(character, b'a', 26, 26);
    let digit = within(character, b'0', 10, 52);
    let minus = within(character, b'-', 1, 62);
    let underscore = within(character, b'_', 1, 63);
    // A character is in one range at the most, so that all the others say `FOREIGN`.
    upper & lower & digit & minus & underscore
}

/// What a character of one range stands for; `FOREIGN` for any other.
const fn within(character: u8, first: u8, count: u8, stands_for: u8) -> u8 {
    let place = character.wrapping_sub(first);
    let is_outside = (place >= count) as u8;
    place.wrapping_add(stands_for) | (FOREIGN * is_outside)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use proptest::prelude::*;

    use super::*;

    /// The text of a token with one character that is another.
    fn with(character: u8, at: usize) -> [u8; TEXT] {
        let mut text = [b'A'; TEXT];
        text[at] = character;
        text
    }

    fn by_the_library(text: &[u8; TEXT]) -> Option<Vec<u8>> {
        Base64UrlUnpadded::decode_vec(str::from_utf8(text).ok()?).ok()
    }

    #[test]
    fn every_character_in_every_place_stands_for_what_the_library_says() {
        for character in 0..=u8::MAX {
            for at in 0..TEXT {
                let text = with(character, at);
                let bytes = decode(&text).map(Vec::from);
                assert_eq!(bytes, by_the_library(&text), "{character:#x} at {at}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_stands_for_what_the_library_says(text in "[A-Za-z0-9_-]{64}") {
            let text = text.as_bytes().try_into().unwrap();
            prop_assert_eq!(decode(text).map(Vec::from), by_the_library(text));
        }
    }
}
