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
