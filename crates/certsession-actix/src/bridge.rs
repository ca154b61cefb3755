//! Runs code of actix-session and actix-identity over these sessions.
//!
//! actix-session's extractor makes its session in the request's extensions where there is none. So
//! the bridge, which is between our middleware and their code, fills that session from ours
//! before the handler, and records the difference, key by key, in ours after it.

#[cfg(all(test, feature = "test-util"))]
mod tests;

use std::collections::{BTreeSet, HashMap};
use std::future::{Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_session::{Session as TheirSession, SessionExt as _, SessionStatus};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use certsession_core::{Key, Principal, SessionError, SignIn};
use certsession_http::{SetUpFault, SetUpFaultKind};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::Error;
use crate::extract::{CertSession, SessionExt as _};

/// Where actix-identity keeps the user's id, unless it is told otherwise.
const USER_KEY: &str = "actix_identity.user_id";

/// What the names of the framework's own keys begin with: their code does not see them.
const RESERVED_PREFIX: &str = "certsession.";

const USER_KEY_UNUSABLE: SetUpFault = SetUpFault::new(
    SetUpFaultKind::UserKey,
    "the value under the user key of ActixSessionBridge names no principal: it has to be a JSON \
     string or a whole number; set another key by `ActixSessionBridge::user_key` if this one is no \
     user's id",
);

/// Lets unmodified code that uses `actix_session::Session` and `actix_identity::Identity` run over
/// these sessions, with their promises: the middleware goes inside [`CertSessionMiddleware`] and
/// outside `IdentityMiddleware`, in the place of `SessionMiddleware`.
///
/// ```
/// use actix_identity::{Identity, IdentityMiddleware};
/// use actix_session::Session;
/// use actix_web::{App, web};
/// use certsession_actix::{ActixSessionBridge, CertSessionMiddleware, MemoryStore};
///
/// async fn count(session: Session) -> actix_web::Result<String> {
///     let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
///     session.insert("visits", visits)?;
///     Ok(format!("visit {visits}\n"))
/// }
///
/// async fn me(user: Identity) -> actix_web::Result<String> {
///     user.id().map_err(actix_web::error::ErrorUnauthorized)
/// }
///
/// let sessions = CertSessionMiddleware::new(MemoryStore::new());
/// let app = move || {
///     App::new()
///         // actix-web runs the middleware that was added last first.
///         .wrap(IdentityMiddleware::default())
///         .wrap(ActixSessionBridge::new().carry("visits"))
///         .wrap(sessions.clone())
///         .route("/", web::get().to(count))
///         .route("/me", web::get().to(me))
/// };
/// # let _ = app;
/// ```
///
/// | their code | becomes |
/// |---|---|
/// | a key that was inserted, updated or removed | the same change to that key alone: other requests' changes to other keys are not undone |
/// | a new value under the [user key](Self::user_key) | a sign-in of that principal: a new token; of the data from before it only the keys that [`carry`](Self::carry) names, and what this request wrote |
/// | the user key removed (`LogoutBehavior::DeleteIdentityKeys`, `clear()`) | the session ends; the carried keys, and what this request wrote, begin a new one |
/// | `renew()` | a rotation: a new token, the old one invalid in the same step |
/// | `purge()` | the session ends, also where an inner middleware fails or the client hangs up |
///
/// The user key and the principal are one: their code sees the principal that is signed in, whichever
/// code signed it in, and a value under the user key that no sign-in wrote is hidden.
///
/// Since their session is filled, its `status()` is `Changed` where it would be `Unchanged`. What
/// their code does after the response head (in a stream or a WebSocket) is lost, as it is with
/// theirs. Every response inside the bridge counts as one that depends on the session (`no-store`).
///
/// [`CertSessionMiddleware`]: crate::CertSessionMiddleware
#[derive(Clone, Debug)]
pub struct ActixSessionBridge(Arc<Rules>);

#[derive(Clone, Debug)]
struct Rules {
    user_key: String,
    carried: BTreeSet<String>,
}

impl ActixSessionBridge {
    /// The bridge for actix-identity with its default keys. A sign-in carries nothing.
    pub fn new() -> Self {
        Self(Arc::new(Rules {
            user_key: USER_KEY.to_owned(),
            carried: BTreeSet::new(),
        }))
    }

    /// Sets the key under which the application keeps the id of the user who is signed in. Default:
    /// actix-identity's, `actix_identity.user_id`.
    #[must_use]
    pub fn user_key(mut self, key: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).user_key = key.into();
        self
    }

    /// Names a key whose value outlives a sign-in and a sign-out: a shopping cart, a language. All
    /// other data is dropped then, as someone else may have written it.
    #[must_use]
    pub fn carry(mut self, key: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.0).carried.insert(key.into());
        self
    }
}

impl Default for ActixSessionBridge {
    fn default() -> Self {
        Self::new()
    }
}

impl<I, B> Transform<I, ServiceRequest> for ActixSessionBridge
where
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = ActixSessionBridgeService<I>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: I) -> Self::Future {
        ready(Ok(ActixSessionBridgeService {
            inner: Rc::new(inner),
            rules: Arc::clone(&self.0),
        }))
    }
}

/// The service that [`ActixSessionBridge`] puts around another.
#[allow(missing_debug_implementations, reason = "only actix names it")]
pub struct ActixSessionBridgeService<I> {
    inner: Rc<I>,
    rules: Arc<Rules>,
}

impl<I, B> Service<ServiceRequest> for ActixSessionBridgeService<I>
where
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, rules) = (Rc::clone(&self.inner), Arc::clone(&self.rules));
        Box::pin(async move {
            let crossing = match rules.fill(&request) {
                Ok(crossing) => crossing,
                Err(error) => {
                    let response = request.error_response(error);
                    return Ok(response.map_into_right_body());
                }
            };
            let result = inner.call(request).await;
            match (crossing.finish(&rules), result) {
                (Ok(()), Ok(response)) => Ok(response.map_into_left_body()),
                (Ok(()), Err(error)) => Err(error),
                (Err(error), Ok(response)) => {
                    let response = response.error_response(error);
                    Ok(response.map_into_right_body())
                }
                (Err(error), Err(_)) => Err(error.into()),
            }
        })
    }
}

/// The two sessions of one request. If the request is dropped before its handler returns, a session
/// that the handler purged ends nevertheless.
struct Crossing {
    ours: CertSession,
    theirs: TheirSession,
    /// What their session was filled with.
    shown: HashMap<String, Shown>,
    is_finished: bool,
}

/// A value that their session was filled with.
struct Shown {
    json: String,
    /// Where the text lies in their session. A write allocates another while this one is still there:
    /// so it shows although it changes nothing, and a sign-in does not drop it. (Of several writes of
    /// one key, the last may be given this address again: such a value counts as not written.)
    address: usize,
}

/// The spare room of the keys that their session was filled with. They stay when a value is replaced,
/// so a key without it was removed and written again, where the text of the new value may lie at the
/// address of the old one.
const SPARE_ROOM: usize = 128;

impl Rules {
    fn fill(&self, request: &ServiceRequest) -> Result<Crossing, Error> {
        let ours = request.cert_session()?;
        let mut shown: HashMap<_, _> = ours.entries()?.into_iter().collect();
        shown.retain(|name, _| !name.starts_with(RESERVED_PREFIX));
        let stored = match shown.get(&self.user_key) {
            Some(json) => user_in(json).ok().flatten(),
            None => None,
        };
        match ours.principal() {
            principal if principal == stored => {}
            Some(principal) => {
                let json = Value::from(principal.as_str()).to_string();
                shown.insert(self.user_key.clone(), json);
            }
            None => drop(shown.remove(&self.user_key)),
        }
        let theirs = request.get_session();
        for (name, json) in &shown {
            let value = raw(json)?;
            let mut key = String::with_capacity(name.len() + SPARE_ROOM);
            key.push_str(name);
            // Or it would keep the key of a middleware further out that has written one.
            theirs.remove(name);
            let filled = theirs.insert(key, value);
            filled.map_err(|_| encode_error(name))?;
        }
        let entries = theirs.entries();
        let address = |name: &String| entries.get(name).map_or(0, |json| json.as_ptr().addr());
        let shown = shown
            .into_iter()
            .map(|(name, json)| {
                let address = address(&name);
                (name, Shown { json, address })
            })
            .collect();
        drop(entries);
        Ok(Crossing {
            ours,
            theirs,
            shown,
            is_finished: false,
        })
    }
}

impl Crossing {
    /// Records in our session what their code did to theirs: all of it, or nothing.
    fn finish(mut self, rules: &Rules) -> Result<(), Error> {
        self.is_finished = true;
        let recorded = self.record(rules);
        if recorded.is_err() {
            self.ours.discard();
        }
        recorded
    }

    fn record(&self, rules: &Rules) -> Result<(), Error> {
        let status = self.theirs.status();
        if status == SessionStatus::Purged {
            return self.ours.sign_out();
        }
        let entries = self.theirs.entries();
        let user = |json: Option<&String>| json.map_or(Ok(None), |json| user_in(json));
        let before = self.shown.get(&rules.user_key).map(|shown| &shown.json);
        let (before, after) = (user(before)?, user(entries.get(&rules.user_key))?);
        let is_signed_out = before.is_some() && after.is_none();
        match after {
            Some(principal) if before.as_ref() != Some(&principal) => {
                let mut sign_in = SignIn::principal(principal.as_str());
                for name in &rules.carried {
                    sign_in = sign_in.carry(&Key::<Value>::named(name.as_str()));
                }
                self.ours.sign_in(sign_in)?;
            }
            _ if is_signed_out => self.ours.sign_out()?,
            _ if status == SessionStatus::Renewed => self.ours.rotate()?,
            _ => {}
        }
        for (name, json) in &*entries {
            let is_filled = name.capacity() >= name.len() + SPARE_ROOM
                && self.shown.get(name).is_some_and(|shown| shown.is(json));
            if !is_filled || (is_signed_out && rules.carried.contains(name)) {
                let key: Key<Box<RawValue>> = Key::named(name.as_str());
                self.ours.insert(&key, &*raw(json)?)?;
            }
        }
        for name in self.shown.keys() {
            if !entries.contains_key(name) {
                self.ours.remove(&Key::<Value>::named(name.as_str()))?;
            }
        }
        Ok(())
    }
}

impl Shown {
    fn is(&self, json: &str) -> bool {
        self.address == json.as_ptr().addr() && self.json == json
    }
}

impl Drop for Crossing {
    fn drop(&mut self) {
        if !self.is_finished && self.theirs.status() == SessionStatus::Purged {
            // An error means that our session can no longer be ended by this request, and there is
            // none left to answer.
            let _ = self.ours.sign_out();
        }
    }
}

/// The principal whom a value under the user key names; `None` for `null`.
fn user_in(json: &str) -> Result<Option<Principal>, Error> {
    let unusable = || Error::from(USER_KEY_UNUSABLE.report());
    let name = match serde_json::from_str(json) {
        Ok(Value::String(name)) => name,
        Ok(Value::Number(number)) if !number.is_f64() => number.to_string(),
        Ok(Value::Null) => return Ok(None),
        _ => return Err(unusable()),
    };
    Ok(Some(Principal::new(&name)?))
}

fn raw(json: &str) -> Result<Box<RawValue>, Error> {
    RawValue::from_string(json.to_owned()).map_err(|_| encode_error(""))
}

fn encode_error(name: &str) -> Error {
    let key = name.to_owned();
    Error::from(SessionError::Encode { key })
}
