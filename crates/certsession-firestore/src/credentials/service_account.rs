//! A service account that signs its tokens by itself: a JWT that the database takes in place of an
//! access token (Google's AIP-4111), so that no token server is asked.

use std::fmt;
use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::{Deserialize, Serialize};

use super::{AccessToken, CredentialsError, TokenSource};

/// Whom the token is for.
const AUDIENCE: &str = "https://firestore.googleapis.com/";

/// The longest life that is accepted.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// The account and its key.
pub(super) struct ServiceAccount {
    email: String,
    key_id: String,
    key: RsaKeyPair,
}

/// The file, as far as it matters.
#[derive(Deserialize)]
struct KeyFile {
    #[serde(rename = "type")]
    kind: String,
    client_email: String,
    private_key_id: String,
    private_key: String,
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    typ: &'static str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'static str,
    iat: u64,
    exp: u64,
}

impl ServiceAccount {
    pub(super) fn read(path: &Path) -> Result<Self, CredentialsError> {
        let file = fs::read(path).map_err(|source| CredentialsError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&file).map_err(|reason| CredentialsError::Malformed {
            path: path.to_owned(),
            reason,
        })
    }

    fn parse(file: &[u8]) -> Result<Self, String> {
        // What serde says of a mistake may show the value; its place is enough.
        let file: KeyFile = serde_json::from_slice(file)
            .map_err(|error| format!("line {}: {:?}", error.line(), error.classify()))?;
        if file.kind != "service_account" {
            return Err(format!("its type is {:?}, not service_account", file.kind));
        }
        let der = pkcs8(&file.private_key).ok_or("its private_key is no PEM of PKCS #8")?;
        let key = RsaKeyPair::from_pkcs8(&der).map_err(|error| format!("its key: {error}"))?;
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            key,
        })
    }

    /// A token that begins now.
    fn sign(&self, now: SystemTime) -> Result<String, CredentialsError> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let header = Header {
            alg: "RS256",
            typ: "JWT",
            kid: &self.key_id,
        };
        let claims = Claims {
            iss: &self.email,
            sub: &self.email,
            aud: AUDIENCE,
            iat: now,
            exp: now + LIFE.as_secs(),
        };
        let mut token = format!("{}.{}", part(&header)?, part(&claims)?);
        let mut signature = vec![0; self.key.public().modulus_len()];
        let signed = self.key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            token.as_bytes(),
            &mut signature,
        );
        signed.map_err(|_| CredentialsError::new("the token could not be signed"))?;
        token.push('.');
        token.push_str(&Base64UrlUnpadded::encode_string(&signature));
        Ok(token)
    }
}

impl TokenSource for ServiceAccount {
    fn token(
        &self,
    ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>> {
        let token = self.sign(SystemTime::now());
        Box::pin(std::future::ready(
            token.map(|token| AccessToken::new(token, LIFE)),
        ))
    }
}

impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

fn part(of: &impl Serialize) -> Result<String, CredentialsError> {
    let json = serde_json::to_vec(of).map_err(CredentialsError::new)?;
    Ok(Base64UrlUnpadded::encode_string(&json))
}

/// The key in a PEM text.
fn pkcs8(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.split_whitespace().collect();
    Base64::decode_vec(&body).ok()
}

#[cfg(test)]
mod tests;
