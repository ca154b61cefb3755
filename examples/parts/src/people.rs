//! Whose certificate it is, and what they may do.

use certsession_actix::{BindingPolicy, IdentityName, PeerCertificate};

/// A session stays with the e-mail address, also when the certificate is renewed under a new key.
pub(crate) const BINDING: BindingPolicy = BindingPolicy::Identity(IdentityName::EmailAddress);

/// An employee, as a directory or a table has them.
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) email: &'static str,
    pub(crate) roles: &'static [&'static str],
}

const PEOPLE: [Person; 2] = [
    Person {
        name: "anna",
        email: "anna@parts.example",
        roles: &[],
    },
    Person {
        name: "ben",
        email: "ben@parts.example",
        roles: &["approver"],
    },
];

/// The person with the one e-mail address that the CA has put into the certificate. The subject is
/// for display: two people may have the same one.
pub(crate) fn owner_of(certificate: &PeerCertificate) -> Option<&'static Person> {
    let mut addresses = certificate.email_addresses();
    let (Some(address), None) = (addresses.next(), addresses.next()) else {
        return None;
    };
    PEOPLE.iter().find(|person| person.email == address)
}
