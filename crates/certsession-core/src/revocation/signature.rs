//! Which signatures under a revocation list are verified.
//!
//! A CA whose certificates a TLS stack accepts can sign its lists: what ring verifies is
//! verified here, for both stacks, and a stack that verifies more is asked for the rest.

use std::fmt;

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::error::CrlError;
use super::layout::{Layout, whole_bytes};
use crate::certificate::dotted;
use crate::certificate::element::{Element, Elements, tag};

/// Verifies signatures by algorithms that this crate does not know: those of a TLS stack.
pub trait SignatureVerifier: fmt::Debug + Send + Sync {
    /// Whether a revocation list (a `CertificateList` in DER) is signed by this key (a
    /// `SubjectPublicKeyInfo` in DER); `None` if the algorithm is not known here either.
    ///
    /// It is asked about no algorithm that is known to be weak, and no short key.
    fn verify(&self, list: &[u8], public_key: &[u8]) -> Option<bool>;
}

// The contents of OBJECT IDENTIFIERs: RFC 5758 section 3.2, RFC 4055, RFC 8410 section 3,
// RFC 5480 section 2.1.1, RFC 3279 section 2.
const ECDSA_SHA256: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_SHA384: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x3d\x04\x01";
const DSA_SHA1: &[u8] = b"\x2a\x86\x48\xce\x38\x04\x03";
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const RSA_MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04";
const RSA_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05";
const RSA_SHA1_OF_OLD: &[u8] = b"\x2b\x0e\x03\x02\x1d";
const MGF1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08";
const RSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
const RSA_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b";
const RSA_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c";
const RSA_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d";
const ED25519_ID: &[u8] = b"\x2b\x65\x70";
const EC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
const SHA256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
const SHA384: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x02";
const SHA512: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
const NULL: &[u8] = b"\x05\x00";

/// The least and the most bits of an RSA modulus; ring verifies up to 8192, OpenSSL up to 16384.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=16384;

/// An AlgorithmIdentifier in its two parts.
#[derive(Clone, Copy)]
struct Algorithm<'a> {
    id: &'a [u8],
    /// Whole, and empty if there are none.
    parameters: &'a [u8],
}

impl<'a> Algorithm<'a> {
    /// Of the contents of the SEQUENCE.
    fn of(contents: &'a [u8]) -> Result<Self, CrlError> {
        let mut parts = Elements::of(contents);
        let id = parts.take_tagged(tag::OBJECT_IDENTIFIER, "an algorithm")?;
        Ok(Self {
            id: id.contents,
            parameters: parts.rest(),
        })
    }

    /// RFC 4055 section 2.1: NULL, and nothing, mean the same.
    fn has_none(self) -> bool {
        matches!(self.parameters, [] | NULL)
    }
}

/// Verifies a list's signature by a key, a SubjectPublicKeyInfo.
pub(super) fn verify(
    der: &[u8],
    layout: &Layout<'_>,
    public_key: &[u8],
    stack: Option<&dyn SignatureVerifier>,
) -> Result<(), CrlError> {
    const KEY: &str = "the CA's public key";
    let algorithm = Algorithm::of(layout.algorithm.contents)?;
    let info = Elements::of(public_key).take_tagged(tag::SEQUENCE, KEY)?;
    let mut parts = Elements::of(info.contents);
    let key_algorithm = Algorithm::of(parts.take_tagged(tag::SEQUENCE, KEY)?.contents)?;
    let bits = parts.take_tagged(tag::BIT_STRING, KEY)?;
    let key = whole_bytes(bits.contents).ok_or(CrlError::Malformed { what: KEY })?;

    let signature = whole_bytes(layout.signature).ok_or(CrlError::Malformed {
        what: "the signature",
    })?;

    refuse_weak(algorithm)?;
    if matches!(key_algorithm.id, RSA | RSA_PSS) {
        let bits = modulus_bits(key)?;
        if !RSA_BITS.contains(&bits) {
            return Err(CrlError::KeySize { bits });
        }
    }
    if let Some(known) = known(algorithm, key_algorithm) {
        let verified = UnparsedPublicKey::new(known, key).verify(layout.signed, signature);
        if verified.is_ok() {
            return Ok(());
        }
        if stack.is_none() {
            return Err(CrlError::BadSignature);
        }
    }
    match stack.and_then(|stack| stack.verify(der, public_key)) {
        Some(true) => Ok(()),
        Some(false) => Err(CrlError::BadSignature),
        None if known(algorithm, key_algorithm).is_some() => Err(CrlError::BadSignature),
        None => {
            let id = dotted(algorithm.id).unwrap_or_default();
            let algorithm = id.into();
            Err(CrlError::UnsupportedSignature { algorithm })
        }
    }
}

/// What ring verifies.
fn known(
    algorithm: Algorithm<'_>,
    key: Algorithm<'_>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let is_rsa = key.id == RSA && key.has_none();
    Some(match (algorithm.id, key.parameters) {
        (ECDSA_SHA256, P256) if key.id == EC_KEY => &ECDSA_P256_SHA256_ASN1,
        (ECDSA_SHA384, P256) if key.id == EC_KEY => &ECDSA_P256_SHA384_ASN1,
        (ECDSA_SHA256, P384) if key.id == EC_KEY => &ECDSA_P384_SHA256_ASN1,
        (ECDSA_SHA384, P384) if key.id == EC_KEY => &ECDSA_P384_SHA384_ASN1,
        (RSA_SHA256, _) if is_rsa && algorithm.has_none() => &RSA_PKCS1_2048_8192_SHA256,
        (RSA_SHA384, _) if is_rsa && algorithm.has_none() => &RSA_PKCS1_2048_8192_SHA384,
        (RSA_SHA512, _) if is_rsa && algorithm.has_none() => &RSA_PKCS1_2048_8192_SHA512,
        // A key that is for PSS alone may say with which hash: then with no other.
        (RSA_PSS, of_key)
            if is_rsa
                || key.id == RSA_PSS && matches!(of_key, [] | NULL)
                || key.id == RSA_PSS && of_key == algorithm.parameters =>
        {
            match pss_hash(algorithm.parameters)? {
                SHA256 => &RSA_PSS_2048_8192_SHA256,
                SHA384 => &RSA_PSS_2048_8192_SHA384,
                SHA512 => &RSA_PSS_2048_8192_SHA512,
                _ => return None,
            }
        }
        (ED25519_ID, []) if key.id == ED25519_ID && algorithm.parameters.is_empty() => &ED25519,
        _ => return None,
    })
}

/// SHA-1 and MD5 stay refused, whatever a stack says: a list that was forged by a collision
/// would let revoked certificates in.
fn refuse_weak(algorithm: Algorithm<'_>) -> Result<(), CrlError> {
    let algorithm = match algorithm.id {
        ECDSA_SHA1 | DSA_SHA1 | RSA_SHA1 | RSA_SHA1_OF_OLD => "SHA-1",
        RSA_MD5 => "MD5",
        // RFC 4055 section 3.1: SHA-1 is what no parameters mean.
        RSA_PSS if matches!(pss_parameters(algorithm.parameters), Some((SHA1, _, _))) => "SHA-1",
        _ => return Ok(()),
    };
    Err(CrlError::WeakSignature { algorithm })
}

/// The hash of parameters that use one hash throughout, with a salt of its length: what TLS
/// asks for (RFC 8446 section 4.2.3), and what ring verifies.
fn pss_hash(parameters: &[u8]) -> Option<&[u8]> {
    let (hash, mask_hash, salt) = pss_parameters(parameters)?;
    let length = match hash {
        SHA256 => 32,
        SHA384 => 48,
        SHA512 => 64,
        _ => return None,
    };
    (hash == mask_hash && salt == length).then_some(hash)
}

/// The hash, the hash of the mask, and the length of the salt.
///
/// ```text
/// RSASSA-PSS-params  ::=  SEQUENCE  {
///     hashAlgorithm      [0] HashAlgorithm DEFAULT sha1Identifier,
///     maskGenAlgorithm   [1] MaskGenAlgorithm DEFAULT mgf1SHA1Identifier,
///     saltLength         [2] INTEGER DEFAULT 20,
///     trailerField       [3] INTEGER DEFAULT 1  }
/// ```
fn pss_parameters(parameters: &[u8]) -> Option<(&[u8], &[u8], u8)> {
    const WHAT: &str = "the parameters of RSASSA-PSS";
    let whole = Elements::of(parameters)
        .take_tagged(tag::SEQUENCE, WHAT)
        .ok()?;
    let mut fields = Elements::of(whole.contents);
    let mut field = |number| fields.take_optional(tag::constructed(number), WHAT).ok();
    let hash = match inner_of(field(0)?)? {
        Some(algorithm) => Algorithm::of(algorithm).ok()?.id,
        None => SHA1,
    };
    let mask_hash = match inner_of(field(1)?)? {
        Some(algorithm) => {
            let mask = Algorithm::of(algorithm).ok()?;
            let of_mask = Elements::of(mask.parameters).take(WHAT).ok()?;
            (mask.id == MGF1).then_some(Algorithm::of(of_mask.contents).ok()?.id)?
        }
        None => SHA1,
    };
    let salt = match inner_of(field(2)?)? {
        Some([length @ 0..0x80]) => *length,
        Some(_) => return None,
        None => 20,
    };
    match inner_of(field(3)?)? {
        None | Some([1]) => {}
        Some(_) => return None,
    }
    Some((hash, mask_hash, salt))
}

fn inner_of(element: Option<Element<'_>>) -> Option<Option<&[u8]>> {
    match element {
        None => Some(None),
        Some(element) => {
            let inner = Elements::of(element.contents).take("a parameter").ok()?;
            Some(Some(inner.contents))
        }
    }
}

/// The length of the modulus of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Result<usize, CrlError> {
    const WHAT: &str = "the CA's RSA key";
    let key = Elements::of(key).take_tagged(tag::SEQUENCE, WHAT)?;
    let modulus = Elements::of(key.contents).take_tagged(tag::INTEGER, WHAT)?;
    let zeros = modulus.contents.iter().take_while(|byte| **byte == 0);
    let bytes = &modulus.contents[zeros.count()..];
    let in_first = bytes.first().map_or(0, |byte| byte.leading_zeros());
    Ok(8 * bytes.len() - in_first as usize)
}
