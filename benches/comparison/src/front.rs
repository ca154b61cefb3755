//! A candidate over real HTTPS, with client certificates.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::{self, task::JoinHandle};
use bytes::Bytes;
use certs_dev::Pki;
use certsession_actix::{MutualTls, PeerState, PeerVerifier, ServerTls};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::COOKIE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::candidate::{self, Candidate};

/// How long `/slow-put` waits at the gate.
const SLOW: Duration = Duration::from_millis(700);

/// What only a form may ask for.
const BY_FORM: [&str; 4] = ["/sign-in", "/sign-out", "/put", "/rotate"];

/// A server in front of a candidate. It closes when this is dropped.
pub(crate) struct Front {
    pub(crate) port: u16,
    server: JoinHandle<()>,
}

struct Site {
    candidate: Rc<dyn Candidate>,
    tls: TlsAcceptor,
    verifier: PeerVerifier,
}

impl Front {
    /// Serves a candidate with the certificates of a folder.
    pub(crate) async fn open(
        candidate: Rc<dyn Candidate>,
        pki: &Pki,
    ) -> Result<Self, Box<dyn Error>> {
        let tls = MutualTls::builder()
            .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
            .client_ca_file(pki.certificate_path("ca"))
            .build_rustls()?;
        let (tls, verifier) = tls.with_alpn(&["http/1.1"]).into_parts();
        let ServerTls::Rustls(tls) = tls else {
            return Err("the TLS stack is not rustls".into());
        };
        let site = Rc::new(Site {
            candidate,
            tls: TlsAcceptor::from(Arc::new(*tls)),
            verifier,
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let server = rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                rt::spawn(Rc::clone(&site).connection(stream));
            }
        });
        Ok(Self { port, server })
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Site {
    async fn connection(self: Rc<Self>, stream: TcpStream) {
        // A client whose handshake fails sees an alert.
        let Ok(stream) = self.tls.accept(stream).await else {
            return;
        };
        let peer = self.verifier.rustls_peer(stream.get_ref().1);
        let service = service_fn(|request| self.answer(request, peer.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // A client that hangs up is no error.
        let _ = connection.await;
    }

    /// A form is sent on as a query, for the routes of the candidates read queries alone. So what
    /// changes something is asked for by a form here, and not by a link.
    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: PeerState,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (head, body) = request.into_parts();
        let mut target = head.uri.to_string();
        if head.method == Method::POST {
            let form = body.collect().await.map(|form| form.to_bytes());
            let form = form.unwrap_or_default();
            let join = if head.uri.query().is_some() { '&' } else { '?' };
            target = format!("{target}{join}{}", String::from_utf8_lossy(&form));
        } else if BY_FORM.contains(&head.uri.path()) {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            return Ok(response);
        }
        let cookies = head.headers.get_all(COOKIE).iter();
        let cookies: Vec<_> = cookies
            .map(|field| String::from_utf8_lossy(field.as_bytes()))
            .collect();
        let slow = target.starts_with("/slow-put");
        let answer = self.candidate.send(candidate::Request {
            target,
            cookie: (!cookies.is_empty()).then(|| cookies.join("; ")),
            peer,
        });
        let finished = Cell::new(false);
        let answer = async {
            let answer = answer.await;
            finished.set(true);
            answer
        };
        let reply = match slow {
            false => answer.await,
            true => tokio::join!(answer, self.open_gate(&finished)).0,
        };
        let mut response = Response::builder().status(reply.status);
        for (name, value) in reply.fields {
            response = response.header(name, value);
        }
        let response = response.body(Full::new(Bytes::from(reply.body)));
        Ok(response.unwrap_or_default())
    }

    /// Lets a slow handler continue after its time. One that is refused does not arrive.
    async fn open_gate(&self, finished: &Cell<bool>) {
        rt::time::sleep(SLOW).await;
        if !finished.get() {
            self.candidate.gate().arrival().await;
            self.candidate.gate().open();
        }
    }
}
