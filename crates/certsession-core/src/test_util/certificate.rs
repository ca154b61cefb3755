//! Client certificates for the tests of applications, which need no PKI of their own.

use ring::digest::{SHA256, digest};

use crate::certificate::PeerState;

/// The peer of a connection whose client has a certificate with this common name. The same name
/// gives the same certificate; its serial number and key are derived from the name.
///
/// No CA has signed it, and its key belongs to no one: it is for code that gets a peer and verifies
/// no chain. It is valid from the year 2000 on.
///
/// ```
/// use certsession_core::test_util::peer;
///
/// let alice = peer("alice");
/// assert_eq!(alice.certificate().unwrap().subject(), "CN=alice");
/// assert_ne!(alice.certificate(), peer("bob").certificate());
/// ```
///
/// # Panics
///
/// If the name is longer than 64 bytes, the most that X.520 allows.
pub fn peer(common_name: &str) -> PeerState {
    assert!(
        common_name.len() <= 64,
        "the name is too long: {common_name}"
    );
    PeerState::from_leaf(Some(&der(common_name)))
}

fn der(common_name: &str) -> Vec<u8> {
    const VERSION_3: &[u8] = &[0xa0, 3, 2, 1, 2];
    /// ecdsa-with-SHA256 (RFC 5758 section 3.2).
    const ALGORITHM: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    /// id-ecPublicKey with the curve secp256r1 (RFC 5480 section 2.1.1).
    const KEY_ALGORITHM: &[u8] = &[
        0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        3, 1, 7,
    ];
    let hash = |suffix: &str| {
        let text = [common_name, suffix].concat();
        digest(&SHA256, text.as_bytes()).as_ref().to_vec()
    };
    let serial = [&[0x01][..], &hash("serial")[..8]].concat();
    let validity = [
        element(0x17, b"000101000000Z"),
        element(0x18, b"99991231235959Z"),
    ];
    let point = [&[0, 4][..], &hash("x"), &hash("y")].concat();
    let key = [KEY_ALGORITHM.to_vec(), element(0x03, &point)];
    let signed = [
        VERSION_3.to_vec(),
        element(0x02, &serial),
        ALGORITHM.to_vec(),
        name("certsession test CA"),
        element(0x30, &validity.concat()),
        name(common_name),
        element(0x30, &key.concat()),
    ];
    let certificate = [
        element(0x30, &signed.concat()),
        ALGORITHM.to_vec(),
        element(0x03, &[&[0][..], &hash("signature")].concat()),
    ];
    element(0x30, &certificate.concat())
}

/// A Name with one attribute, a common name.
fn name(common_name: &str) -> Vec<u8> {
    let attribute = [
        vec![6, 3, 0x55, 4, 3],
        element(0x0c, common_name.as_bytes()),
    ];
    let attribute = element(0x30, &attribute.concat());
    element(0x30, &element(0x31, &attribute))
}

/// One DER element of less than 64 KiB.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len())
        .unwrap_or(u16::MAX)
        .to_be_bytes();
    let mut der = match contents.len() {
        0..0x80 => vec![tag, low],
        0x80..0x100 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    der.extend_from_slice(contents);
    der
}
