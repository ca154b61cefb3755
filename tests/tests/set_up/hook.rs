//! The middleware without the hook that captures the peer's certificate.

use std::any::Any;
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::dev::Extensions;
use actix_web::web::get;
use actix_web::{App, HttpRequest, HttpResponse};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, MemoryStore, PeerVerifier, ServerTls,
    capture_peer,
};
use certsession_tests::{Logs, Plan, Reply, Served, listen_bare, promises_of_actix, server};

use crate::plain::plain_request;

promises_of_actix![
    tls_without_the_hook_is_an_error_that_names_it,
    a_hook_that_is_set_too_late_is_an_error_that_names_it,
    a_custom_hook_that_captures_the_peer_serves_both_purposes,
    a_custom_hook_before_bind_mutual_tls_is_replaced,
    plain_http_without_the_hook_is_an_error_that_names_it,
    over_plain_http_with_the_hook_no_session_begins,
    a_unix_socket_is_an_error_that_names_the_supported_calls,
];

/// What the log line must contain.
const LINE: [&str; 5] = [
    "ERROR",
    "certsession",
    "bind_mutual_tls",
    "on_connect",
    "capture_peer",
];

/// A hook for a server with a foreign TLS configuration.
fn vouched() -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + Clone + 'static {
    capture_peer(PeerVerifier::caller_vouches_for_full_handshakes())
}

async fn write(session: CertSession) -> Result<HttpResponse, certsession_actix::Error> {
    session.insert(&certsession_actix::Key::<u32>::new("k"), &1)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn subject(session: CertSession, request: HttpRequest) -> String {
    let mine = request.conn_data::<Mine>().is_some();
    let peer = session.peer();
    let subject = peer.as_ref().map_or("no peer", |peer| peer.subject());
    format!("{subject} {mine}")
}

/// The value that an application's own hook stores with the connection.
struct Mine;

/// An application with the middleware, to be served with `serve`.
macro_rules! wrapped {
    () => {{
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        server!(move || {
            App::new()
                .wrap(sessions.clone())
                .route("/", get().to(subject))
                .route("/write", get().to(write))
                .route("/public", get().to(HttpResponse::NoContent))
        })
    }};
}

async fn assert_fault(served: &Served, logs: &Logs) {
    let alice = served.browser("alice");
    // A handler without a session does not run either: the peer is unknown.
    for path in ["/", "/write", "/public"] {
        let reply: Reply = alice.get(path).await;
        assert_eq!(reply.status, 500, "{path}");
        assert_eq!(reply.body, "Internal Server Error\n");
        assert_eq!(reply.set_cookie(), None);
    }
    logs.line_with(&LINE).await;
}

async fn tls_without_the_hook_is_an_error_that_names_it(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        Ok(listen_bare!(wrapped!(), listener, tls)?.run())
    })
    .await;
    assert_fault(&served, &logs).await;
}

async fn a_hook_that_is_set_too_late_is_an_error_that_names_it(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let bound = listen_bare!(wrapped!(), listener, tls)?;
        Ok(bound.on_connect(vouched()).run())
    })
    .await;
    assert_fault(&served, &logs).await;
}

async fn a_custom_hook_that_captures_the_peer_serves_both_purposes(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let (tls, verifier) = tls.mutual().into_parts();
        let capture = capture_peer(verifier);
        let server = wrapped!().on_connect(move |connection, extensions| {
            capture(connection, extensions);
            extensions.insert(Mine);
        });
        Ok(match tls {
            ServerTls::Rustls(config) => server.listen_rustls_0_23(listener, *config)?,
            ServerTls::OpenSsl(acceptor) => server.listen_openssl(listener, acceptor)?,
            _ => unreachable!(),
        }
        .run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/write").await.status, 204);
    assert_eq!(alice.get("/").await.body, "CN=alice true");
    let thief = served.browser("mallory");
    thief.set_cookie(alice.cookie());
    assert_eq!(thief.get("/").await.status, 403);
}

async fn a_custom_hook_before_bind_mutual_tls_is_replaced(plan: Plan) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let served = Served::start(plan, move |listener, tls| {
        let server = wrapped!().on_connect(move |_, extensions| {
            counted.fetch_add(1, Ordering::SeqCst);
            extensions.insert(Mine);
        });
        Ok(server.listen_mutual_tls(listener, tls.mutual())?.run())
    })
    .await;
    assert_eq!(
        served.browser("alice").get("/").await.body,
        "CN=alice false"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

async fn plain_http_without_the_hook_is_an_error_that_names_it(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, _| Ok(wrapped!().listen(listener)?.run())).await;
    for path in ["/", "/write", "/public"] {
        let stream = TcpStream::connect(served.address()).unwrap();
        let answer = plain_request(stream, "GET", path);
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(
            answer.ends_with("\r\n\r\nInternal Server Error\n"),
            "{answer}"
        );
    }
    logs.line_with(&LINE).await;
}

async fn over_plain_http_with_the_hook_no_session_begins(plan: Plan) {
    let served = Served::start(plan, |listener, _| {
        Ok(wrapped!().on_connect(vouched()).listen(listener)?.run())
    })
    .await;
    let ask = |path: &str| {
        let stream = TcpStream::connect(served.address()).unwrap();
        plain_request(stream, "GET", path)
    };
    assert!(ask("/").ends_with("\r\n\r\nno peer false"));
    assert!(ask("/public").starts_with("HTTP/1.1 204 "));
    let refused = ask("/write");
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    assert!(!refused.to_lowercase().contains("set-cookie"));
}

async fn a_unix_socket_is_an_error_that_names_the_supported_calls(plan: Plan) {
    let logs = Logs::keep();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let socket = UnixListener::bind(&path).unwrap();
    // Not `bind_uds`, with which actix calls no hook at all.
    let served = Served::start(plan, move |_, _| {
        let server = wrapped!().on_connect(vouched());
        Ok(server.listen_uds(socket)?.run())
    })
    .await;
    let answer = plain_request(UnixStream::connect(path).unwrap(), "GET", "/public");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    logs.line_with(&[
        "ERROR",
        "certsession::tls",
        "capture_peer",
        "bind_mutual_tls",
    ])
    .await;
    logs.line_with(&LINE).await;
    drop(served);
}
