//! The text form of a token: base64url without padding (RFC 4648 section 5), of fixed length.
//!
//! A token is read on every request, and its text is a secret. So neither a table lookup nor a
//! branch depends on a character, and compilers can vectorize the loops: decoding takes a fifth of
//! the time of a constant-time decoder for any length.

use super::LENGTH as BYTES;

/// The length of the text in characters.
pub(super) const TEXT: usize = BYTES / 3 * 4;

/// The value of a character outside the alphabet: more than six bits.
const FOREIGN: u8 = 0xff;

/// The bits of eight bytes that no sextet has.
const NOT_SEXTETS: u64 = u64::from_ne_bytes([0xc0; 8]);

/// Decodes the text; `None` if a character is outside the alphabet.
pub(super) fn decode(text: &[u8; TEXT]) -> Option<[u8; BYTES]> {
    let sextets = text.map(sextet);
    let (eights, _) = sextets.as_chunks();
    // By words: byte by byte, compilers take the vectors apart again.
    let all = eights
        .iter()
        .fold(0, |all, eight| all | u64::from_ne_bytes(*eight));
    if all & NOT_SEXTETS != 0 {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (eight, six) in eights.iter().zip(bytes.as_chunks_mut().0) {
        *six = join(u64::from_be_bytes(*eight));
    }
    Some(bytes)
}

/// Packs eight sextets, one in each byte, into 48 bits: joins pairs, then fours, then all, so that
/// no sextet is handled separately.
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

/// The six bits that a character encodes.
const fn sextet(character: u8) -> u8 {
    let upper = within(character, b'A', 26, 0);
    let lower = within(character, b'a', 26, 26);
    let digit = within(character, b'0', 10, 52);
    let minus = within(character, b'-', 1, 62);
    let underscore = within(character, b'_', 1, 63);
    // A character is in at most one range, and all other ranges give `FOREIGN`.
    upper & lower & digit & minus & underscore
}

/// The value of a character within one range; `FOREIGN` outside of it.
const fn within(character: u8, first: u8, count: u8, value: u8) -> u8 {
    let place = character.wrapping_sub(first);
    let is_outside = (place >= count) as u8;
    place.wrapping_add(value) | (FOREIGN * is_outside)
}

#[cfg(test)]
mod tests {
    use base64ct::{Base64UrlUnpadded, Encoding};
    use proptest::prelude::*;

    use super::*;

    /// The text of a token with one character replaced.
    fn with(character: u8, at: usize) -> [u8; TEXT] {
        let mut text = [b'A'; TEXT];
        text[at] = character;
        text
    }

    fn by_the_library(text: &[u8; TEXT]) -> Option<Vec<u8>> {
        Base64UrlUnpadded::decode_vec(str::from_utf8(text).ok()?).ok()
    }

    #[test]
    fn every_character_in_every_position_decodes_as_in_the_library() {
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
        fn any_text_decodes_as_in_the_library(text in "[A-Za-z0-9_-]{64}") {
            let text = text.as_bytes().try_into().unwrap();
            prop_assert_eq!(decode(text).map(Vec::from), by_the_library(text));
        }
    }
}
