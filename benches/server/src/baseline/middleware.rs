//! Opens the session before the handler, saves it after.

use std::cell::RefCell;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::error::ErrorServiceUnavailable;
use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::{Error, HttpMessage};
use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::Store;
use super::record::{HANDLE, Handle, Record, SECRET};

const NAME: &str = "__Host-baseline=";
const TOKEN: usize = HANDLE + SECRET;

/// A session as a request sees it.
pub(super) struct Session {
    record: Option<Arc<Record>>,
    changes: RefCell<Vec<(&'static str, String)>>,
}

impl Session {
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.record.as_ref().and_then(|record| record.get(key))
    }

    pub(super) fn insert(&self, key: &'static str, json: String) {
        self.changes.borrow_mut().push((key, json));
    }
}

pub(super) struct Baseline<S>(pub(super) Rc<S>);

pub(super) struct BaselineService<S, I> {
    store: Rc<S>,
    inner: Rc<I>,
}

impl<S, I, B> Transform<I, ServiceRequest> for Baseline<S>
where
    S: Store,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Transform = BaselineService<S, I>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: I) -> Self::Future {
        ready(Ok(BaselineService {
            store: Rc::clone(&self.0),
            inner: Rc::new(inner),
        }))
    }
}

impl<S, I, B> Service<ServiceRequest> for BaselineService<S, I>
where
    S: Store,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (store, inner) = (Rc::clone(&self.store), Rc::clone(&self.inner));
        Box::pin(async move {
            let opened = match token(&request) {
                Some(token) => open(&*store, &token).await?,
                None => None,
            };
            let handle = opened.as_ref().map(|(handle, _)| *handle);
            let session = Rc::new(Session {
                record: opened.map(|(_, record)| record),
                changes: RefCell::default(),
            });
            request.extensions_mut().insert(Rc::clone(&session));
            let mut response = inner.call(request).await?;
            let changes = session.changes.take();
            if changes.is_empty() {
                return Ok(response);
            }
            let (handle, mut record) = match (handle, &session.record) {
                (Some(handle), Some(record)) => (handle, Record::clone(record)),
                _ => {
                    let (token, handle, record) = begin()?;
                    let field = format!("{NAME}{token}; Path=/; Secure; HttpOnly; SameSite=Lax");
                    let field = HeaderValue::try_from(field).map_err(unavailable)?;
                    response.headers_mut().append(SET_COOKIE, field);
                    (handle, record)
                }
            };
            for (key, json) in changes {
                record.set(key, json);
            }
            store.save(handle, record).await.map_err(unavailable)?;
            Ok(response)
        })
    }
}

fn token(request: &ServiceRequest) -> Option<[u8; TOKEN]> {
    let field = request.headers().get(COOKIE)?.to_str().ok()?;
    let mut cookies = field.split("; ");
    let text = cookies.find_map(|cookie| cookie.strip_prefix(NAME))?;
    let mut token = [0; TOKEN];
    let decoded = Base64UrlUnpadded::decode(text, &mut token).ok()?;
    (decoded.len() == TOKEN).then_some(token)
}

async fn open(
    store: &impl Store,
    token: &[u8; TOKEN],
) -> Result<Option<(Handle, Arc<Record>)>, Error> {
    let Some((handle, secret)) = token.split_first_chunk() else {
        return Ok(None);
    };
    let token_hash = digest(&SHA256, secret);
    let record = store.load(handle).await.map_err(unavailable)?;
    let record = record.filter(|record| token_hash.as_ref() == record.token_hash);
    Ok(record.map(|record| (*handle, record)))
}

fn begin() -> Result<(String, Handle, Record), Error> {
    let mut token = [0; TOKEN];
    let random = SystemRandom::new();
    random.fill(&mut token).map_err(|_| unavailable("random"))?;
    let (mut handle, mut token_hash) = ([0; HANDLE], [0; SECRET]);
    handle.copy_from_slice(&token[..HANDLE]);
    token_hash.copy_from_slice(digest(&SHA256, &token[HANDLE..]).as_ref());
    let text = Base64UrlUnpadded::encode_string(&token);
    Ok((text, handle, Record::new(token_hash)))
}

fn unavailable(error: impl ToString) -> Error {
    ErrorServiceUnavailable(error.to_string())
}
