//! Values that were never issued.

use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes. They are new for each run: an id that an earlier run made an application adopt
/// would still be signed in there, and a control that relies on a random id would fail.
pub(crate) fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    // `SystemRandom` fails only where the system has no randomness at all; zeros are still an id
    // that no one issued.
    let _ = SystemRandom::new().fill(&mut bytes);
    bytes
}

pub(crate) fn random_hex(bytes: usize) -> String {
    random_bytes(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Another value of the same shape: as long, and letters for letters, digits for digits.
pub(crate) fn like(value: &str) -> String {
    let hexadecimal = value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .all(|part| part.chars().all(|c| c.is_ascii_hexdigit()));
    let mut random = random_bytes(value.len()).into_iter();
    let mut kept = 0;
    value
        .chars()
        .map(|c| {
            // A percent escape is one sign of the id: `s%3A` starts every id of some frameworks.
            if c == '%' {
                kept = 3;
            }
            let index = usize::from(random.next().unwrap_or(0));
            if kept > 0 {
                kept -= 1;
                return c;
            }
            match c {
                _ if hexadecimal && c.is_ascii_lowercase() => pick("abcdef", index),
                _ if hexadecimal && c.is_ascii_uppercase() => pick("ABCDEF", index),
                'a'..='z' => pick("abcdefghijklmnopqrstuvwxyz", index),
                'A'..='Z' => pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ", index),
                '0'..='9' => pick("0123456789", index),
                other => other,
            }
        })
        .collect()
}

fn pick(from: &str, index: usize) -> char {
    char::from(from.as_bytes()[index % from.len()])
}

#[cfg(test)]
mod tests {
    use super::like;

    #[test]
    fn a_forged_value_has_the_shape_of_the_one_it_imitates() {
        let value = "s%3AaZ09-_ff.Xy%2B";
        let forged = like(value);
        assert_ne!(forged, value);
        assert_eq!(forged.len(), value.len());
        assert!(forged.contains("%3A") && forged.ends_with("%2B"));
        assert_eq!(forged.find('.'), value.find('.'));
    }

    #[test]
    fn a_forged_hexadecimal_value_is_hexadecimal() {
        assert!(like("00ff12ab9c").chars().all(|c| c.is_ascii_hexdigit()));
    }
}
