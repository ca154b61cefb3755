//! What a dialect consists of.

/// What a proxy writes, and what it means.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) certificate: &'static str,
    pub(super) verdict: Option<&'static str>,
    pub(super) chain: Option<&'static str>,
    /// The values of the certificate's field that mean that there is none.
    pub(super) absent: &'static [&'static str],
    /// The verdicts of the proxy that let a certificate count.
    pub(super) verified: &'static [&'static str],
    /// The verdicts that may come without a certificate; `None` if all may.
    pub(super) without: Option<&'static [&'static str]>,
    /// A field and its value (any, if `None`) that cannot come without a certificate.
    pub(super) contradiction: Option<(&'static str, Option<&'static str>, &'static str)>,
    /// The certificates in the field's value, and in that of the chain.
    pub(super) decode: Decode,
}

type Decode = fn(&[u8], Option<&[u8]>) -> Result<Chain, Fault>;

/// The client's certificate and its intermediates, in DER, in any order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) leaf: Vec<u8>,
    pub(crate) intermediates: Vec<Vec<u8>>,
}

/// What is wrong with a value, for the log.
pub(crate) type Fault = &'static str;

/// Where a proxy of a dialect without verdicts is configured to send one.
pub(super) const ANY_VERIFIED: &[&str] = &["SUCCESS", "true", "?1"];

/// The most bytes of one field, and the most certificates of one chain.
pub(super) const MAX_VALUE: usize = 16 * 1024;
const MAX_CHAIN: usize = 10;

impl Chain {
    pub(super) fn of(leaf: Vec<u8>) -> Self {
        let intermediates = Vec::new();
        Self {
            leaf,
            intermediates,
        }
    }

    /// The leaf, and the certificates of a chain, among which the leaf may be once more.
    pub(super) fn with(leaf: Vec<u8>, chain: Vec<Vec<u8>>) -> Result<Self, Fault> {
        if chain.len() > MAX_CHAIN {
            return Err("its chain has more than ten certificates");
        }
        let intermediates = chain.into_iter().filter(|der| *der != leaf).collect();
        Ok(Self {
            leaf,
            intermediates,
        })
    }
}
