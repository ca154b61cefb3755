//! Which certificates a revocation list speaks of.

use super::error::CrlError;
use crate::certificate::element::{Elements, tag};

/// Which of its issuer's certificates a list speaks of, as far as clients are concerned.
///
/// It decides what the list can take the place of: a list that speaks of fewer certificates than
/// another says nothing about the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    /// All certificates of users.
    Whole,
    /// Those of one distribution point, or those that were revoked for some reasons.
    Part {
        /// The DistributionPointName.
        point: Box<[u8]>,
        /// The contents of the ReasonFlags.
        reasons: Box<[u8]>,
    },
}

const WHAT: &str = "the issuing distribution point";

impl Scope {
    /// Reads the extension (RFC 5280 section 5.2.5).
    ///
    /// ```text
    /// IssuingDistributionPoint ::= SEQUENCE {
    ///     distributionPoint          [0] DistributionPointName OPTIONAL,
    ///     onlyContainsUserCerts      [1] BOOLEAN DEFAULT FALSE,
    ///     onlyContainsCACerts        [2] BOOLEAN DEFAULT FALSE,
    ///     onlySomeReasons            [3] ReasonFlags OPTIONAL,
    ///     indirectCRL                [4] BOOLEAN DEFAULT FALSE,
    ///     onlyContainsAttributeCerts [5] BOOLEAN DEFAULT FALSE }
    /// ```
    pub(super) fn parse(value: &[u8]) -> Result<Self, CrlError> {
        let mut outermost = Elements::of(value);
        let point = outermost.take_tagged(tag::SEQUENCE, WHAT)?;
        outermost.end(WHAT)?;
        let mut fields = Elements::of(point.contents);
        let flag = |fields: &mut Elements<'_>, number| {
            let field = fields.take_optional(tag::primitive(number), WHAT)?;
            Ok::<_, CrlError>(field.is_some_and(|field| field.contents != [0]))
        };
        let name = fields.take_optional(tag::constructed(0), WHAT)?;
        let users = flag(&mut fields, 1)?;
        let cas = flag(&mut fields, 2)?;
        let reasons = fields.take_optional(tag::primitive(3), WHAT)?;
        let is_indirect = flag(&mut fields, 4)?;
        let attributes = flag(&mut fields, 5)?;
        fields.end(WHAT)?;
        if usize::from(users) + usize::from(cas) + usize::from(attributes) > 1 {
            return Err(CrlError::Malformed { what: WHAT });
        }
        if is_indirect {
            return Err(CrlError::Indirect);
        }
        if cas {
            return Err(CrlError::NotForClients { what: "CA" });
        }
        if attributes {
            return Err(CrlError::NotForClients { what: "attribute" });
        }
        Ok(match (name, reasons) {
            (None, None) => Self::Whole,
            (name, reasons) => Self::Part {
                point: name.map_or(&[][..], |name| name.contents).into(),
                reasons: reasons.map_or(&[][..], |reasons| reasons.contents).into(),
            },
        })
    }
}
