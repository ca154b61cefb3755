//! What a key may be used for.

/// What a certificate's key may be used for, as its CA says (RFC 5280 section 4.2.1.3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u16);

/// The bits in their order, as the RFC calls them.
const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

impl KeyUsage {
    /// Whether the key may prove its possession in a TLS handshake: digitalSignature, or
    /// keyAgreement. OpenSSL asks for the same of a client.
    pub const fn allows_authentication(self) -> bool {
        self.has(0) || self.has(4)
    }

    pub(super) const fn allows_signing_certificates(self) -> bool {
        self.has(5)
    }

    pub(super) const fn allows_signing_lists(self) -> bool {
        self.has(6)
    }

    const fn has(self, bit: usize) -> bool {
        self.0 & (1 << bit) != 0
    }

    /// The bits of the extension's BIT STRING, the first of them the lowest.
    pub(super) const fn from_bits(bits: u16) -> Self {
        Self(bits)
    }
}

/// The names of RFC 5280, such as `digitalSignature, keyAgreement`.
impl std::fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names = (0..NAMES.len()).filter(|bit| self.has(*bit));
        match names.next() {
            None => return f.write_str("nothing"),
            Some(first) => f.write_str(NAMES[first])?,
        }
        names.try_for_each(|bit| write!(f, ", {}", NAMES[bit]))
    }
}

impl std::fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyUsage({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_are_read_in_their_order() {
        let shown = |bytes: &[u8]| KeyUsage::parse(bytes).map(|usage| usage.to_string());
        assert_eq!(shown(&[3, 2, 7, 0x80]).as_deref(), Ok("digitalSignature"));
        assert_eq!(shown(&[3, 2, 5, 0x20]).as_deref(), Ok("keyEncipherment"));
        assert_eq!(
            shown(&[3, 2, 1, 0x06]).as_deref(),
            Ok("keyCertSign, cRLSign")
        );
        assert_eq!(shown(&[3, 3, 7, 0, 0x80]).as_deref(), Ok("decipherOnly"));
        assert_eq!(shown(&[3, 1, 0]).as_deref(), Ok("nothing"));
        for malformed in [&[][..], &[3, 0], &[3, 2, 8, 0], &[4, 1, 0], &[3, 1, 0, 0]] {
            assert!(KeyUsage::parse(malformed).is_err(), "{malformed:?}");
        }
    }

    #[test]
    fn a_client_signs_or_agrees_on_a_key() {
        let allows = |byte| {
            let usage = KeyUsage::parse(&[3, 2, 0, byte]).unwrap();
            usage.allows_authentication()
        };
        assert!(allows(0x80) && allows(0x08) && allows(0xff));
        assert!(!allows(0x20) && !allows(0x40) && !allows(0x60) && !allows(0));
    }
}
