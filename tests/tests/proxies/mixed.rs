//! One process that serves clients on one socket, and a proxy on another: neither passes as the other.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;

use actix_web::{App, HttpRequest, web};
use axum::Router;
use axum::http::HeaderMap;
use base64ct::{Base64, Encoding};
use certs_dev::LeafRequest;
use certsession_actix::{
    BindMutualTls, CertSessionMiddleware, Dialect, MemoryStore, MutualTlsBuilder, SignIn,
    TrustedProxies,
};
use certsession_axum::{CertSessionLayer, serve};
use certsession_tests::proxies::chain_verifier;
use certsession_tests::{
    Browser, Certificates, Client, Http, Logs, Plan, Reply, Served, Stack, server,
};

use crate::cells::behind_a_proxy;

const PROXY: &str = "proxy.example";

behind_a_proxy![clients_and_a_proxy_are_served_by_one_process];

/// An application with a socket for clients and one for the proxy.
struct Both {
    direct: SocketAddr,
    proxied: SocketAddr,
    certificates: Certificates,
    _served: Option<Served>,
}

impl Both {
    fn browser(&self, address: SocketAddr, client: &Client) -> Browser {
        let authority = self.certificates.authority().certificate_der();
        Browser::new(address, authority, Some(client), Http::One)
    }
}

fn trusted(stack: Stack, certificates: &Certificates) -> TrustedProxies {
    let verifier = chain_verifier(stack, certificates);
    TrustedProxies::builder()
        .dialect(Dialect::rfc9440())
        .name(PROXY)
        .verifier(verifier)
        .build()
        .unwrap()
}

async fn fields(request: HttpRequest) -> String {
    let names = request.headers().keys().map(|name| name.as_str());
    names.collect::<Vec<_>>().join(" ")
}

async fn start_actix(plan: Plan) -> Both {
    let certificates = Certificates::new();
    let proxies = trusted(plan.stack(), &certificates);
    let tls = [certificates.tls(), certificates.tls()];
    let (send, receive) = mpsc::channel();
    let served = Served::start(plan, move |listener, own| {
        let build = |builder: &MutualTlsBuilder| own.stack.build(builder);
        let direct = TcpListener::bind("127.0.0.1:0")?;
        send.send((direct.local_addr()?, listener.local_addr()?))
            .unwrap();
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let within = CertSessionMiddleware::new(MemoryStore::new())
            .with_cookie_name("within")
            .unwrap();
        let app = move || {
            App::new()
                .service(
                    web::scope("/within")
                        .wrap(within.clone())
                        .route(
                            "/me",
                            web::get().to(async |me: certsession_actix::SignedIn| me.to_string()),
                        )
                        .route(
                            "/sign-in",
                            web::post().to(async |session: certsession_actix::CertSession| {
                                session.sign_in(SignIn::principal("alice within"))?;
                                Ok::<_, certsession_actix::Error>("")
                            }),
                        ),
                )
                .wrap(sessions.clone())
                .route("/fields", web::get().to(fields))
                .route(
                    "/me",
                    web::get().to(async |me: certsession_actix::SignedIn| me.to_string()),
                )
                .route(
                    "/sign-in/{name}",
                    web::post().to(
                        async |name: web::Path<String>, session: certsession_actix::CertSession| {
                            session.sign_in(SignIn::principal(name.into_inner()))?;
                            Ok::<_, certsession_actix::Error>("")
                        },
                    ),
                )
        };
        let server = server!(app)
            .listen_mutual_tls(direct, build(&tls[0]))?
            .listen_behind_proxy(listener, build(&tls[1]), &proxies)?;
        Ok(server.run())
    })
    .await;
    let (direct, proxied) = receive.recv().unwrap();
    Both {
        direct,
        proxied,
        certificates,
        _served: Some(served),
    }
}

async fn start_axum(plan: Plan) -> Both {
    let certificates = Certificates::new();
    let proxies = trusted(plan.stack(), &certificates);
    let app: Router = Router::new()
        .route(
            "/fields",
            axum::routing::get(async |headers: HeaderMap| {
                let names = headers.keys().map(|name| name.as_str());
                names.collect::<Vec<_>>().join(" ")
            }),
        )
        .route(
            "/me",
            axum::routing::get(async |me: certsession_axum::SignedIn| me.to_string()),
        )
        .route(
            "/sign-in/{name}",
            axum::routing::post(
                async |session: certsession_axum::CertSession,
                       axum::extract::Path(name): axum::extract::Path<String>| {
                    session.sign_in(SignIn::principal(name))?;
                    Ok::<_, certsession_axum::Error>("")
                },
            ),
        )
        .nest(
            "/within",
            Router::new()
                .route(
                    "/me",
                    axum::routing::get(async |me: certsession_axum::SignedIn| me.to_string()),
                )
                .route(
                    "/sign-in",
                    axum::routing::post(async |session: certsession_axum::CertSession| {
                        session.sign_in(SignIn::principal("alice within"))?;
                        Ok::<_, certsession_axum::Error>("")
                    }),
                )
                .layer(
                    CertSessionLayer::new(MemoryStore::new())
                        .with_cookie_name("within")
                        .unwrap(),
                ),
        )
        .layer(CertSessionLayer::new(MemoryStore::new()));
    let mut addresses = Vec::new();
    for is_proxied in [false, true] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let server = serve(
            listener,
            plan.stack().build(&certificates.tls()),
            app.clone(),
        );
        let server = match is_proxied {
            true => server.behind_proxy(&proxies),
            false => server,
        };
        tokio::spawn(server.into_future());
    }
    Both {
        direct: addresses[0],
        proxied: addresses[1],
        certificates,
        _served: None,
    }
}

/// The outer middleware has removed the fields by the time that the inner one looks.
async fn a_session_within_another_sees_the_same_client(
    through: &Browser,
    claim: &str,
    both: &Both,
) {
    let send = async |method, path: &str, claim: &str, cookie: &str| {
        let request = through.request(method, path).header("client-cert", claim);
        request.header("cookie", cookie).send().await.unwrap()
    };
    let signed_in = send(reqwest::Method::POST, "/within/sign-in", claim, "").await;
    assert_eq!(signed_in.status(), 200);
    let cookie = signed_in.headers()["set-cookie"].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    assert!(cookie.starts_with("__Host-within="), "{cookie}");
    let me = send(reqwest::Method::GET, "/within/me", claim, cookie).await;
    assert_eq!(me.text().await.unwrap(), "alice within");
    let mallory = both.certificates.client("mallory");
    let theft = format!(":{}:", Base64::encode_string(mallory.der()));
    let me = send(reqwest::Method::GET, "/within/me", &theft, cookie).await;
    assert_eq!(me.status(), 403);
}

async fn clients_and_a_proxy_are_served_by_one_process(plan: Plan) {
    let logs = Logs::keep();
    let both = match plan.portal() {
        "portal" => start_actix(plan).await,
        _ => start_axum(plan).await,
    };
    let alice = both.certificates.client("alice");
    let proxy = both
        .certificates
        .issue(&LeafRequest::client("proxy").dns(PROXY));
    let claim = format!(":{}:", Base64::encode_string(alice.der()));
    let ask = async |browser: &Browser, path: &str| -> Reply {
        let request = browser.request(reqwest::Method::GET, path);
        let request = request
            .header("client-cert", &claim)
            .header("x_ssl_client", "x");
        browser.send(request).await
    };

    // Directly: the fields are gone, and count for nothing.
    let direct = both.browser(both.direct, &alice);
    assert_eq!(direct.post("/sign-in/alice").await.status, 200);
    let seen = ask(&direct, "/fields").await.body;
    assert!(seen.contains("host") && !seen.contains("client"), "{seen}");
    logs.line_with(&["WARN", "socket for direct clients", "was removed"])
        .await;
    let mallory = both.browser(both.direct, &both.certificates.client("mallory"));
    mallory.set_cookie(direct.cookie());
    assert_eq!(ask(&mallory, "/me").await.status, 403);

    // Through the proxy: alice is who the proxy says.
    let through = both.browser(both.proxied, &proxy);
    through.set_cookie(direct.cookie());
    assert_eq!(ask(&through, "/me").await.body, "alice");
    let seen = ask(&through, "/fields").await.body;
    assert!(seen.contains("host") && !seen.contains("client"), "{seen}");
    assert_eq!(
        through.get("/me").await.status,
        403,
        "the cookie without a certificate"
    );

    a_session_within_another_sees_the_same_client(&through, &claim, &both).await;

    // A client on the proxy's socket, and the proxy on the clients' one.
    let around = both.browser(both.proxied, &alice);
    around.set_cookie(direct.cookie());
    assert_eq!(ask(&around, "/me").await.status, 403);
    assert_eq!(around.get("/fields").await.status, 403);
    let mistaken = both.browser(both.direct, &proxy);
    mistaken.set_cookie(direct.cookie());
    assert_eq!(ask(&mistaken, "/me").await.status, 403);
    logs.line_with(&["WARN", "a proxy's certificate", "TrustedProxies"])
        .await;

    // What voids the promise without an error: the log says it.
    let shared = both.certificates.client("a proxy that is not configured");
    for name in ["alice", "bob", "carol"] {
        let browser = both.browser(both.direct, &shared);
        assert!(logs.find(&["principals have signed in"]).is_none());
        assert_eq!(browser.post(&format!("/sign-in/{name}")).await.status, 200);
    }
    logs.line_with(&[
        "WARN",
        "principals have signed in with one client certificate",
    ])
    .await;
}
