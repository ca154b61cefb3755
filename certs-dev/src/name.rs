//! Names of authorities, from the parser's form into that of the library that signs.

use rcgen::{DistinguishedName, DnType, DnValue};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::der::{self, ErrorKind, Tag, Tagged};
use x509_cert::name::Name;

/// The same name, attribute by attribute. A name that the other library cannot write again, byte by
/// byte, is an error: what an authority issues has to carry its very name.
pub(crate) fn distinguished_name(name: &Name) -> Result<DistinguishedName, der::Error> {
    let mut converted = DistinguishedName::new();
    for part in name.iter_rdn() {
        let mut attributes = part.iter();
        let (Some(attribute), None) = (attributes.next(), attributes.next()) else {
            return Err(ErrorKind::Failed.into());
        };
        let kind = attribute.oid.arcs().map(u64::from).collect();
        let kind = DnType::CustomDnType(kind);
        if converted.get(&kind).is_some() {
            return Err(ErrorKind::Failed.into());
        }
        converted.push(kind, value(attribute)?);
    }
    Ok(converted)
}

fn value(attribute: &AttributeTypeAndValue) -> Result<DnValue, der::Error> {
    let odd = |_| der::Error::from(ErrorKind::Failed);
    let tag = attribute.value.tag();
    let text = std::str::from_utf8(attribute.value.value())?;
    Ok(match tag {
        Tag::Utf8String => DnValue::Utf8String(text.to_owned()),
        Tag::PrintableString => DnValue::PrintableString(text.try_into().map_err(odd)?),
        Tag::Ia5String => DnValue::Ia5String(text.try_into().map_err(odd)?),
        Tag::TeletexString => DnValue::TeletexString(text.try_into().map_err(odd)?),
        _ => return Err(ErrorKind::Failed.into()),
    })
}
