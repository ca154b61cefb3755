//! What a certificate has to say, and how it is refused. By subject:

/// Certificates as CAs issue them.
mod issued;
/// Certificates that no CA should issue and that TLS lets through all the same.
mod odd;
/// Any bytes at all.
mod random;
/// What people get to see of the subject.
mod subject;
