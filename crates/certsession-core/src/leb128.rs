//! Unsigned LEB128: variable-length integers with seven bits in each byte.

/// The encoded length of a number in bytes.
pub(crate) fn size(number: u64) -> usize {
    let bits = u64::BITS - number.leading_zeros();
    bits.div_ceil(7).max(1) as usize
}

/// Appends a number.
pub(crate) fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        // The low seven bits, with the continuation bit set.
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Takes a number from the front; `None` if the bytes hold no number of 64 bits.
#[inline]
pub(crate) fn take(bytes: &mut &[u8]) -> Option<u64> {
    match **bytes {
        // Fast path: most numbers are the lengths of short fields.
        [byte @ ..0x80, ref rest @ ..] => {
            *bytes = rest;
            Some(u64::from(byte))
        }
        _ => take_long(bytes),
    }
}

fn take_long(bytes: &mut &[u8]) -> Option<u64> {
    take_word(bytes).or_else(|| take_longest(bytes))
}

/// Takes a number of up to eight bytes where eight are there: timestamps have six.
fn take_word(bytes: &mut &[u8]) -> Option<u64> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // The last byte of the number is the first without the continuation bit.
    let last = (!word & 0x8080_8080_8080_8080).trailing_zeros();
    let length = (last + 1) / 8;
    *bytes = bytes.get(length as usize..).filter(|_| last < u64::BITS)?;
    let word = word & (u64::MAX >> (u64::BITS - 8 * length));
    // Joins the seven bits of each byte to pairs of fourteen, these to pairs of 28, and these.
    let pairs = (word & 0x007f_007f_007f_007f) | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let quads = (pairs & 0x0000_3fff_0000_3fff) | (pairs & 0x3fff_0000_3fff_0000) >> 2;
    Some((quads & 0x0fff_ffff) | (quads & 0x0fff_ffff_0000_0000) >> 4)
}

fn take_longest(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let part = u64::from(byte & 0x7f);
        if part << shift >> shift != part {
            return None;
        }
        number |= part << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Appends a field of any length, preceded by its length.
pub(crate) fn push_field(bytes: &mut Vec<u8>, field: &[u8]) {
    push(bytes, field.len() as u64);
    bytes.extend_from_slice(field);
}

/// Takes a field from the front, preceded by its length.
pub(crate) fn take_field<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take(bytes)?).ok()?;
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_and_takes_the_announced_size() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::MAX >> 1, u64::MAX] {
            let mut bytes = Vec::new();
            push(&mut bytes, number);
            assert_eq!(bytes.len(), size(number));
            assert_eq!(take(&mut &bytes[..]), Some(number));
        }
    }

    #[test]
    fn a_number_of_any_length_reads_back_before_anything_else() {
        for bit in 0..u64::BITS {
            for number in [
                (1 << bit) - 1,
                1 << bit,
                0x5555_5555_5555_5555 & ((1 << bit) - 1),
            ] {
                for (length, following) in [(0, 0), (1, 0xff), (7, 0), (8, 0xff), (16, 0x7f)] {
                    let mut bytes = Vec::new();
                    push(&mut bytes, number);
                    bytes.resize(bytes.len() + length, following);
                    let mut rest = &bytes[..];
                    assert_eq!(take(&mut rest), Some(number));
                    assert_eq!(rest, vec![following; length]);
                }
            }
        }
    }

    #[test]
    fn a_number_that_ends_too_early_or_does_not_fit_is_none() {
        for bytes in [&[][..], &[0x80], &[0xff; 9], &[0xff; 11]] {
            assert_eq!(take(&mut &bytes[..]), None, "{bytes:x?}");
        }
        let beyond = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02];
        assert_eq!(take(&mut &beyond[..]), None);
    }

    #[test]
    fn a_field_longer_than_the_input_is_none() {
        let mut bytes = Vec::new();
        push_field(&mut bytes, b"field");
        assert_eq!(take_field(&mut &bytes[..]), Some(&b"field"[..]));
        assert_eq!(take_field(&mut &bytes[..5]), None);
    }
}
