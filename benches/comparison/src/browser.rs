//! A client with a certificate and a cookie.

use std::rc::Rc;
use std::sync::OnceLock;

use actix_web::rt::{self, task::JoinHandle};
use certs_dev::{Authority, LeafRequest};
use certsession_actix::PeerState;

use crate::candidate::{ALICE, Candidate, Reply, Request};

/// A client with a certificate and at most one cookie, which it keeps like a browser.
#[derive(Clone)]
pub(crate) struct Browser {
    candidate: Rc<dyn Candidate>,
    peer: PeerState,
    /// `name=value`.
    pub(crate) cookie: Option<String>,
}

impl Browser {
    /// Creates a client with a new certificate and without a cookie.
    pub(crate) fn new(candidate: &Rc<dyn Candidate>) -> Self {
        Self {
            candidate: Rc::clone(candidate),
            peer: issue("owner"),
            cookie: None,
        }
    }

    /// Another client, with another certificate and the same cookie.
    pub(crate) fn thief(&self) -> Self {
        Self {
            peer: issue("thief"),
            ..self.clone()
        }
    }

    /// The same client with this cookie.
    pub(crate) fn with_cookie(&self, cookie: String) -> Self {
        Self {
            cookie: Some(cookie),
            ..self.clone()
        }
    }

    /// Sends a request, and applies the cookie of the response.
    pub(crate) async fn go(&mut self, target: &str) -> Reply {
        let request = Request {
            target: target.to_owned(),
            cookie: self.cookie.clone(),
            peer: self.peer.clone(),
        };
        let reply = self.candidate.send(request).await;
        for field in reply.set_cookie() {
            self.keep(field);
        }
        reply
    }

    /// Whether the server considers this client to be Alice. Changes no cookie.
    pub(crate) async fn is_alice(&self) -> bool {
        let reply = self.clone().go("/whoami").await;
        reply.status == 200 && reply.body == ALICE
    }

    /// Begins a request, and returns when its handler waits at the gate.
    pub(crate) async fn begin(&self, target: &'static str) -> JoinHandle<Self> {
        let mut browser = self.clone();
        let under_way = rt::spawn(async move {
            browser.go(target).await;
            browser
        });
        self.candidate.gate().arrival().await;
        under_way
    }

    fn keep(&mut self, field: &str) {
        let cookie = field.split(';').next().unwrap_or_default();
        let (_, value) = cookie.split_once('=').unwrap_or_default();
        let is_removal = value.is_empty() || field.contains("Max-Age=0;");
        self.cookie = (!is_removal).then(|| cookie.to_owned());
    }
}

fn issue(name: &str) -> PeerState {
    static AUTHORITY: OnceLock<Option<Authority>> = OnceLock::new();
    let authority = AUTHORITY.get_or_init(|| Authority::new("comparison CA").ok());
    let issued = authority
        .as_ref()
        .and_then(|authority| authority.issue(&LeafRequest::client(name)).ok());
    PeerState::from_leaf(issued.as_ref().map(|issued| issued.certificate_der()))
}
