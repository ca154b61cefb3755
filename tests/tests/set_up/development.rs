//! Development over plain HTTP: on this machine alone, loud, and as with a certificate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use actix_web::web::{get, post};
use actix_web::{App, HttpResponse, HttpServer, rt};
use axum::Router;
use certsession_actix::{BindMutualTls, CertSessionMiddleware, MemoryStore, SignedIn};
use certsession_axum::{CertSessionLayer, serve_development_http};
use certsession_tests::Logs;

async fn sign_in(
    session: certsession_actix::CertSession,
) -> Result<String, certsession_actix::Error> {
    session.sign_in("alice")?;
    Ok(session
        .peer()
        .map_or(String::new(), |peer| peer.subject().to_owned()))
}

async fn me(who: SignedIn) -> String {
    who.to_string()
}

/// Serves with actix-web, in a thread that ends with the process.
fn on_actix() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        rt::System::new().block_on(async move {
            let sessions = CertSessionMiddleware::new(MemoryStore::new());
            let app = move || {
                App::new()
                    .wrap(sessions.clone())
                    .route("/sign-in", post().to(sign_in))
                    .route("/me", get().to(me))
                    .route("/public", get().to(HttpResponse::NoContent))
            };
            let server = HttpServer::new(app).workers(1).disable_signals();
            let server = server.listen_development_http(listener).unwrap();
            send.send(()).unwrap();
            server.run().await.unwrap();
        });
    });
    receive.recv().unwrap();
    address
}

/// Serves with axum, likewise.
fn on_axum() -> SocketAddr {
    use axum::routing::{get, post};
    use certsession_axum::{CertSession, Error, SignedIn};

    let sign_in = |session: CertSession| async move {
        session.sign_in("alice")?;
        let peer = session.peer();
        Ok::<_, Error>(peer.map_or(String::new(), |peer| peer.subject().to_owned()))
    };
    let app = Router::new()
        .route("/sign-in", post(sign_in))
        .route("/me", get(|who: SignedIn| async move { who.to_string() }))
        .route("/public", get(|| async { http::StatusCode::NO_CONTENT }))
        .layer(CertSessionLayer::new(MemoryStore::new()));
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            send.send(listener.local_addr().unwrap()).unwrap();
            serve_development_http(listener, app).await.unwrap();
        });
    });
    receive.recv().unwrap()
}

fn request(address: SocketAddr, line: &str, fields: &[&str]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let fields: String = fields.iter().map(|field| format!("{field}\r\n")).collect();
    let request = format!("{line} HTTP/1.1\r\n{fields}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

fn assert_serves_this_machine_alone(address: SocketAddr) {
    let host = format!("Host: localhost:{}", address.port());
    let signed_in = request(address, "POST /sign-in", &[&host, "Content-Length: 0"]);
    assert!(signed_in.starts_with("HTTP/1.1 200"), "{signed_in}");
    assert!(
        signed_in.ends_with("CN=development client over plain HTTP"),
        "{signed_in}"
    );
    let lower = signed_in.to_lowercase();
    assert!(lower.contains("; path=/; secure; httponly; samesite=lax"));
    let at = lower.find("set-cookie: ").unwrap() + "set-cookie: ".len();
    let end = lower[at..].find(';').unwrap() + at;
    let cookie = format!("Cookie: {}", &signed_in[at..end]);
    let me = request(address, "GET /me", &[&host, &cookie]);
    assert!(me.ends_with("alice"), "{me}");

    for fields in [
        vec!["Host: evil.example", &cookie],
        vec![&*host, &cookie, "X-Forwarded-For: 192.0.2.1"],
        vec![&*host, &cookie, "Via: 1.1 proxy"],
    ] {
        for line in ["GET /me", "GET /public"] {
            let refused = request(address, line, &fields);
            assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
        }
    }
}

/// As Chromium does: with a WebSocket's handshake it sends `Origin`, and no `Sec-Fetch-Site`.
fn assert_serves_its_own_pages_alone(address: SocketAddr) {
    let own = format!("localhost:{}", address.port());
    let ask = |line: &str, host: &str, origin: &str, more: &[&str]| {
        let (host, origin) = (format!("Host: {host}"), format!("Origin: {origin}"));
        let fields = [&[&*host, &*origin], more].concat();
        request(address, line, &fields)
    };
    let both = |host: &str, origin: &str, opened: &str, posted: &str| {
        let upgrade = ["Upgrade: websocket", "Sec-WebSocket-Version: 13"];
        let answer = ask("GET /public", host, origin, &upgrade);
        let status = format!("HTTP/1.1 {opened}");
        assert!(answer.starts_with(&status), "{host} {origin}: {answer}");
        let answer = ask("POST /sign-in", host, origin, &["Content-Length: 0"]);
        let status = format!("HTTP/1.1 {posted}");
        assert!(answer.starts_with(&status), "{host} {origin}: {answer}");
    };
    both(&own, &format!("http://{own}"), "204", "200");
    both(&own, "http://evil.example", "403", "403");
    both(&own, &format!("https://{own}"), "403", "403");
    // A name that was made to resolve to this machine.
    both("evil.example", "http://evil.example", "403", "403");
}

#[test]
fn on_actix_a_page_makes_requests_to_its_own_host_and_no_other_page_does() {
    assert_serves_its_own_pages_alone(on_actix());
}

#[test]
fn on_axum_a_page_makes_requests_to_its_own_host_and_no_other_page_does() {
    assert_serves_its_own_pages_alone(on_axum());
}

#[test]
fn on_actix_it_serves_this_machine_alone_and_says_so() {
    let logs = Logs::keep();
    let address = on_actix();
    assert_serves_this_machine_alone(address);
    assert!(
        logs.find(&["ERROR", "DEVELOPMENT MODE", &address.to_string()])
            .is_some()
    );
    let elsewhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let server = HttpServer::new(App::new);
    let refused = server.listen_development_http(elsewhere).err().unwrap();
    assert!(refused.to_string().contains("loopback"), "{refused}");
    let server = HttpServer::new(App::new);
    assert!(server.bind_development_http("0.0.0.0:0").is_err());
}

#[tokio::test]
async fn on_axum_it_serves_this_machine_alone_and_says_so() {
    let logs = Logs::keep();
    let address = on_axum();
    assert_serves_this_machine_alone(address);
    assert!(
        logs.find(&["ERROR", "DEVELOPMENT MODE", &address.to_string()])
            .is_some()
    );
    let elsewhere = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve_development_http(elsewhere, Router::new())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("loopback"), "{refused}");
}
