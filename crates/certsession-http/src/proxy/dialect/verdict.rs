//! Whether a request has a certificate, by the rules of its dialect.

use super::choice::Dialect;
use super::rules::{ANY_VERIFIED, Fault, MAX_VALUE};

/// The values of a field in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Value<'f> {
    #[default]
    None,
    One(&'f [u8]),
    Several,
}

impl<'f> Value<'f> {
    /// Takes one more value in.
    pub(crate) fn add(&mut self, value: &'f [u8]) {
        *self = match self {
            Self::None => Self::One(value),
            _ => Self::Several,
        };
    }
}

/// The fields of a request that a dialect reads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Values<'f> {
    pub(crate) certificate: Value<'f>,
    pub(crate) verdict: Value<'f>,
    pub(crate) chain: Value<'f>,
    /// The field that cannot come without a certificate.
    pub(crate) contradiction: Value<'f>,
}

/// Whether a request has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence<'f> {
    Absent,
    /// It has to be decoded and verified.
    Present(&'f [u8], Option<&'f [u8]>),
    Rejected(Fault),
}

impl Dialect {
    /// The name of the field that cannot come without a certificate.
    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        self.rules.contradiction.map(|(name, ..)| name)
    }

    /// Judges the fields of a request.
    pub(crate) fn presence<'f>(&self, values: Values<'f>) -> Presence<'f> {
        match self.try_presence(values) {
            Ok(presence) => presence,
            Err(fault) => Presence::Rejected(fault),
        }
    }

    fn try_presence<'f>(&self, values: Values<'f>) -> Result<Presence<'f>, Fault> {
        let certificate = one(values.certificate)?;
        let chain = one(values.chain)?;
        let verdict = one(values.verdict)?;
        let is_absent = |value: &[u8]| is_one_of(value, self.rules.absent);
        let Some(certificate) = certificate.filter(|value| !is_absent(value)) else {
            self.check_absent(verdict, values.contradiction)?;
            return Ok(Presence::Absent);
        };
        if self.verdict.is_some() {
            let accepted = match self.rules.verified {
                [] => ANY_VERIFIED,
                verified => verified,
            };
            match verdict {
                None => return Err("the proxy's verdict is missing beside it"),
                Some(verdict) if is_one_of(verdict, accepted) => {}
                Some(_) => return Err("the proxy did not verify it"),
            }
        }
        // An empty chain is one without intermediates.
        let chain = chain.filter(|chain| !is_absent(chain) && !chain.is_empty());
        Ok(Presence::Present(certificate, chain))
    }

    fn check_absent(&self, verdict: Option<&[u8]>, contradiction: Value<'_>) -> Result<(), Fault> {
        if let (Some(without), Some(verdict)) = (self.rules.without, verdict)
            && !is_one_of(verdict, without)
        {
            return Err(
                "it is missing or empty, although the proxy's verdict says that there is one",
            );
        }
        let Some((_, expected, fault)) = self.rules.contradiction else {
            return Ok(());
        };
        match (contradiction, expected) {
            (Value::None, _) => Ok(()),
            (Value::One(value), Some(expected)) if value != expected.as_bytes() => Ok(()),
            _ => Err(fault),
        }
    }
}

fn one(value: Value<'_>) -> Result<Option<&[u8]>, Fault> {
    match value {
        Value::None => Ok(None),
        Value::One(value) if value.len() > MAX_VALUE => Err("its field has more than 16 KiB"),
        Value::One(value) => Ok(Some(value.trim_ascii())),
        Value::Several => Err("a field of the certificate came more than once"),
    }
}

fn is_one_of(value: &[u8], texts: &[&str]) -> bool {
    texts.iter().any(|text| text.as_bytes() == value)
}
