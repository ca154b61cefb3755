//! Which signatures under a revocation list are understood: those that ring verifies, and that
//! certificates have.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::authority::PublicKey;
use super::crl::CrlError;

// The contents of AlgorithmIdentifiers: an OBJECT IDENTIFIER, and parameters where there are some.
// RFC 5758 section 3.2, RFC 4055 section 5, RFC 8410 section 3.
const ECDSA_SHA256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_SHA384: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
const RSA_SHA256: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
const RSA_SHA384: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00";
const RSA_SHA512: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00";
const ED25519_ID: &[u8] = b"\x06\x03\x2b\x65\x70";
// RFC 5480 section 2.1.1, RFC 3279 section 2.3.1.
const P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";
const RSA: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// Verifies a signature by an authority's key.
pub(super) fn verify(
    key: &PublicKey,
    algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), CrlError> {
    let algorithm: &'static dyn VerificationAlgorithm = match (algorithm, &*key.algorithm) {
        (ECDSA_SHA256, P256) => &ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, P256) => &ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, P384) => &ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, P384) => &ECDSA_P384_SHA384_ASN1,
        (RSA_SHA256, RSA) => &RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA384, RSA) => &RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA512, RSA) => &RSA_PKCS1_2048_8192_SHA512,
        (ED25519_ID, ED25519_ID) => &ED25519,
        _ => return Err(CrlError::UnsupportedSignature),
    };
    UnparsedPublicKey::new(algorithm, &key.bits)
        .verify(message, signature)
        .map_err(|_| CrlError::BadSignature)
}
