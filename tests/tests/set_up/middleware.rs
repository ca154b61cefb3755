//! The extractors without the middleware.

use actix_web::middleware::{Next, from_fn};
use actix_web::web::{get, resource, scope};
use actix_web::{App, HttpResponse, body::MessageBody, dev};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, MemoryStore, SessionExt, SetUpFaultKind,
    SignedIn, certsession_http,
};
use certsession_tests::{Logs, Plan, Served, promises_of_actix, server};

promises_of_actix![
    the_session_without_the_middleware_is_an_error_that_names_it,
    the_principal_without_the_middleware_is_an_error_that_names_it,
    a_middleware_outside_of_the_session_middleware_gets_an_error,
    outside_of_a_wrapped_scope_there_is_no_session,
    a_middleware_that_keeps_the_request_is_an_error_where_a_field_has_to_go,
];

/// What the log line must contain.
const LINE: [&str; 4] = ["ERROR", "certsession", "CertSessionMiddleware", ".wrap("];

async fn session(_: CertSession) -> &'static str {
    "never"
}

async fn principal(_: SignedIn) -> &'static str {
    "never"
}

async fn assert_fault(served: &Served, logs: &Logs, path: &str) {
    let reply = served.browser("alice").get(path).await;
    assert_eq!(reply.status, 500);
    assert_eq!(reply.body, "Internal Server Error\n", "no inner error");
    assert_eq!(reply.set_cookie(), None);
    logs.line_with(&LINE).await;
}

async fn the_session_without_the_middleware_is_an_error_that_names_it(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let app = || App::new().route("/", get().to(session));
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    assert_fault(&served, &logs, "/").await;
}

async fn the_principal_without_the_middleware_is_an_error_that_names_it(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let app = || App::new().route("/", get().to(principal));
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    assert_fault(&served, &logs, "/").await;
}

/// A middleware outside of the session's middleware, where there is no session until the request
/// has passed through.
async fn asks(
    request: dev::ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<dev::ServiceResponse> {
    for asked in [request.cert_session(), request.request().cert_session()] {
        let error = asked.unwrap_err().into_inner();
        let certsession_http::Error::SetUp(fault) = error else {
            panic!("{error:?}");
        };
        assert_eq!(fault.kind(), SetUpFaultKind::MiddlewareMissing);
    }
    let response = next.call(request).await?;
    assert!(
        response.cert_session().is_ok(),
        "afterwards there is a session"
    );
    Ok(response.map_into_boxed_body())
}

async fn a_middleware_outside_of_the_session_middleware_gets_an_error(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            App::new()
                .wrap(sessions.clone())
                .wrap(from_fn(asks))
                .route("/", get().to(HttpResponse::NoContent))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    assert_eq!(served.browser("alice").get("/").await.status, 204);
    logs.line_with(&LINE).await;
}

async fn outside_of_a_wrapped_scope_there_is_no_session(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let inside = scope("/inside").wrap(sessions.clone());
            App::new()
                .service(inside.route("", get().to(session)))
                .route("/outside", get().to(session))
                .route("/without", get().to(HttpResponse::NoContent))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/inside").await.status, 200);
    let without = alice.get("/without").await;
    assert_eq!(without.status, 204);
    assert!(!without.headers.contains_key("vary"));
    assert_fault(&served, &logs, "/outside").await;
}

/// In actix-web a request cannot be changed while there is a clone of it.
async fn keeps(
    request: dev::ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<dev::ServiceResponse> {
    let kept = request.request().clone();
    let response = next.call(request).await?;
    drop(kept);
    Ok(response.map_into_boxed_body())
}

async fn a_middleware_that_keeps_the_request_is_an_error_where_a_field_has_to_go(plan: Plan) {
    let logs = Logs::keep();
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            // Around a resource: the router needs the one reference too.
            let resource = resource("/").route(get().to(HttpResponse::NoContent));
            App::new().service(resource.wrap(sessions.clone()).wrap(from_fn(keeps)))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/").await.status, 204);
    let request = alice.request(reqwest::Method::GET, "/");
    let forged = alice.send(request.header("x-ssl-client-cert", "x")).await;
    assert_eq!(forged.status, 500);
    logs.line_with(&["ERROR", "holds a clone of the `HttpRequest`"])
        .await;
    assert_eq!(alice.get("/").await.status, 204);
}
