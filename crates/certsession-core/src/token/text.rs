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
    for (eight, six) in sextets.as_chunks().0.iter().zip(bytes.as_chunks_mut().0) {
        *six = join(u64::from_be_bytes(*eight));
    }
    Some(bytes)
}

/// The 48 bits of eight sextets, each of which stands in a byte: joined by twos, then by fours, then
/// all, so that no sextet is touched by itself.
const fn join(sextets: u64) -> [u8; 6] {
    const ONES: u64 = 0x003f_003f_003f_003f;
    const TWOS: u64 = 0x0000_0fff_0000_0fff;
    const FOURS: u64 = 0x0000_0000_00ff_ffff;
    let twos = (sextets >> 2) & (ONES << 6) | sextets & ONES;
    let fours = (twos >> 4) & (TWOS << 12) | twos & TWOS;
    let all = (fours >> 8) & (FOURS << 24) | fours & FOURS;
    let [_, _, six @ ..] = all.to_be_bytes();
    six
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
