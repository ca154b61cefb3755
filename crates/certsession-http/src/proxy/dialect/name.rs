//! Names of header fields.

/// The name of a header field cannot be used for certificates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} cannot be the name of a certificate field: use letters, digits and `-`, and no field \
     that has a meaning of its own in HTTP"
)]
pub struct InvalidFieldName {
    name: String,
}

/// In lower case, as HTTP/2 has it and frameworks keep it.
pub(crate) fn field_name(name: &str) -> Result<Box<str>, InvalidFieldName> {
    const TAKEN: [&str; 12] = [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "forwarded",
        "host",
        "origin",
        "te",
        "transfer-encoding",
        "upgrade",
        "x-forwarded-for",
    ];
    let lower = name.to_ascii_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    // An underscore is an alias of a hyphen for many servers, so that two names would be one.
    if lower.is_empty() || !lower.bytes().all(is_plain) || TAKEN.contains(&&*lower) {
        return Err(InvalidFieldName { name: name.into() });
    }
    Ok(lower.into())
}
