//! Signing in, and who is signed in.

use certsession_core::{Device, Key, SignIn};
use certsession_http::{Error, RequestSession};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Failure;

/// The body of `POST /sign-in`.
#[derive(Deserialize)]
struct SignInBody {
    principal: String,
    #[serde(default)]
    carry: Vec<String>,
    /// What the user calls this device.
    label: Option<String>,
}

/// `POST /sign-in`. No credentials are checked: this is a demonstration. An application checks a
/// second factor, or the name in the certificate, before it signs a principal in.
///
/// # Errors
///
/// If the body is no sign-in, or the session fails.
pub fn sign_in(session: &RequestSession, body: &[u8]) -> Result<(), Failure> {
    let body = serde_json::from_slice(body);
    let SignInBody {
        principal,
        carry,
        label,
    } = body.map_err(|_| Failure::Portal(400, "the body is no sign-in\n"))?;
    let sign_in = carry
        .into_iter()
        .map(Key::<Value>::named)
        .fold(SignIn::principal(principal), |sign_in, key| {
            sign_in.carry(&key)
        });
    session.sign_in(sign_in)?;
    if let Some(label) = label {
        session.describe(&Device::new().with_label(&label))?;
    }
    Ok(())
}

/// The answer of `GET /me`.
#[derive(Debug, Serialize)]
pub struct Me {
    principal: String,
}

/// `GET /me`: who is signed in.
///
/// # Errors
///
/// If no principal is.
pub fn me(session: &RequestSession) -> Result<Me, Error> {
    let principal = session.signed_in()?.as_str().to_owned();
    Ok(Me { principal })
}
