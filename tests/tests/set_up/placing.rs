//! Where the session is available: in scopes, in guards, in middleware, under another cookie name.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::HeaderName;
use actix_web::middleware::{DefaultHeaders, Next, from_fn};
use actix_web::web::{self, Path, get, post, scope};
use actix_web::{App, HttpResponse, guard};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore, NamedSession,
    SameSite, SessionExt, SessionName, SignedIn,
};
use certsession_core::StoreOperation;
use certsession_core::test_util::{Fault, FaultyStore};
use certsession_tests::{Plan, Reply, Served, promises_of_actix, server};

promises_of_actix![
    a_guard_sees_the_signed_in_principal,
    a_guard_of_the_wrapped_scope_itself_runs_before_the_session,
    scopes_in_scopes_share_the_session,
    an_inner_middleware_writes_before_and_after_the_handler,
    two_scopes_with_two_cookie_names_have_two_sessions,
    a_handler_inside_two_middlewares_has_both_sessions,
    a_refusal_is_an_ordinary_response_to_the_middleware_around_it,
];

const TRAIL: Key<String> = Key::new("trail");

async fn sign_in(session: CertSession, name: Path<String>) -> Result<HttpResponse, Error> {
    session.sign_in(name.into_inner())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn me(principal: SignedIn) -> String {
    principal.to_string()
}

async fn trail(session: CertSession) -> Result<String, Error> {
    Ok(session.get(&TRAIL)?.unwrap_or_default())
}

fn is_signed_in(context: &guard::GuardContext<'_>) -> bool {
    let session = context.cert_session();
    session.is_ok_and(|session| session.principal().is_some())
}

async fn a_guard_sees_the_signed_in_principal(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let members = scope("/home").guard(guard::fn_guard(is_signed_in));
            App::new()
                .wrap(sessions.clone())
                .route("/sign-in/{name}", post().to(sign_in))
                .service(members.route("", get().to(me)))
                .route("/home", get().to(|| async { "welcome, stranger" }))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/home").await.body, "welcome, stranger");
    assert_eq!(alice.post("/sign-in/alice").await.status, 204);
    let home = alice.get("/home").await;
    assert_eq!(home.body, "alice");
    assert_eq!(
        home.headers["cache-control"], "no-store",
        "the guard's result depends on the session"
    );
    let strangers = served.browser("bob").get("/home").await;
    assert_eq!(strangers.headers["cache-control"], "no-store");
}

/// Only middleware around the routing has run when the routing evaluates its guards.
async fn a_guard_of_the_wrapped_scope_itself_runs_before_the_session(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let open = scope("/open").wrap(sessions.clone());
            let guarded = scope("/guarded").guard(guard::fn_guard(is_signed_in));
            App::new()
                .service(open.route("/sign-in/{name}", post().to(sign_in)))
                .service(guarded.wrap(sessions.clone()).route("", get().to(me)))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.post("/open/sign-in/alice").await.status, 204);
    assert_eq!(alice.get("/guarded").await.status, 404);
}

async fn scopes_in_scopes_share_the_session(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let inner = scope("/inner").route("/me", get().to(me));
            let other = scope("/other").route("/sign-in/{name}", post().to(sign_in));
            let outer = scope("/outer").service(inner).service(other);
            App::new().service(outer.wrap(sessions.clone()))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/outer/inner/me").await.status, 401);
    assert_eq!(alice.post("/outer/other/sign-in/alice").await.status, 204);
    assert_eq!(alice.get("/outer/inner/me").await.body, "alice");
}

async fn leaves_a_trail(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let append = |session: &CertSession, mark: &str| -> Result<(), Error> {
        let trail = session.get(&TRAIL)?.unwrap_or_default() + mark;
        session.insert(&TRAIL, &trail)
    };
    append(&request.cert_session()?, "(")?;
    let response = next.call(request).await?;
    append(&response.cert_session()?, ")")?;
    Ok(response)
}

async fn an_inner_middleware_writes_before_and_after_the_handler(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let marked = scope("/marked").wrap(from_fn(leaves_a_trail));
            App::new()
                .wrap(sessions.clone())
                .route("/trail", get().to(trail))
                .service(marked.route("", get().to(trail)))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    assert_eq!(alice.get("/marked").await.body, "(");
    assert_eq!(alice.get("/marked").await.body, "()(");
    assert_eq!(alice.get("/trail").await.body, "()()");
}

struct Shop;

impl SessionName for Shop {
    const NAME: &'static str = "shop";
}

struct Account;

impl SessionName for Account {
    const NAME: &'static str = "session";
}

/// Counts in both, and says both.
async fn count_in_both(
    shop: NamedSession<Shop>,
    account: NamedSession<Account>,
    innermost: CertSession,
) -> Result<String, Error> {
    let add = |session: &CertSession, mark: &str| -> Result<String, Error> {
        let trail = session.get(&TRAIL)?.unwrap_or_default() + mark;
        session.insert(&TRAIL, &trail)?;
        Ok(trail)
    };
    let trails = format!("{} {}", add(&shop, "s")?, add(&account, "a")?);
    let is_shop = innermost.get(&TRAIL)? == shop.get(&TRAIL)?;
    Ok(format!("{trails} {is_shop}"))
}

async fn a_handler_inside_two_middlewares_has_both_sessions(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let account = CertSessionMiddleware::new(MemoryStore::new());
        let shop = CertSessionMiddleware::new(MemoryStore::new())
            .with_cookie_name(Shop::NAME)
            .unwrap()
            .with_cookie_in_other_sites_frames();
        let app = move || {
            let alone = scope("/alone").wrap(account.clone());
            let both = scope("/both").wrap(shop.clone()).wrap(account.clone());
            App::new()
                .service(alone.route("/count", post().to(count_in_both)))
                .service(both.route("/count", post().to(count_in_both)))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    let send = async |path: &str, cookies: &str| {
        let request = alice.request(reqwest::Method::POST, path);
        request.header("cookie", cookies).send().await.unwrap()
    };
    let first = send("/both/count", "").await;
    let fields: Vec<_> = first.headers().get_all("set-cookie").iter().collect();
    let fields: Vec<_> = fields.iter().map(|field| field.to_str().unwrap()).collect();
    assert_eq!(fields.len(), 2);
    let mut pairs = Vec::new();
    for (field, end) in fields
        .iter()
        .zip(["SameSite=None; Partitioned", "SameSite=Lax"])
    {
        let (pair, attributes) = field.split_once(';').unwrap();
        assert!(attributes.ends_with(end), "{attributes}");
        certsession_tests::ledger::record_secret(pair.split_once('=').unwrap().1);
        pairs.push(pair.to_owned());
    }
    assert!(pairs[0].starts_with("__Host-shop=") && pairs[1].starts_with("__Host-session="));
    let second = send("/both/count", &pairs.join("; ")).await;
    assert_eq!(second.text().await.unwrap(), "ss aa true");
    let missing = send("/alone/count", &pairs[1]).await;
    assert_eq!(
        missing.status(),
        500,
        "the log names the missing middleware"
    );
}

async fn two_scopes_with_two_cookie_names_have_two_sessions(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        // Over one store, so that the name alone keeps them apart.
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let shop = sessions.with_cookie_name("shop").unwrap();
        let staff = sessions
            .with_cookie_name("staff")
            .unwrap()
            .with_same_site(SameSite::Strict);
        let app = move || {
            let routes = |config: &mut web::ServiceConfig| {
                config
                    .route("/me", get().to(me))
                    .route("/sign-in/{name}", post().to(sign_in));
            };
            App::new()
                .service(scope("/shop").wrap(shop.clone()).configure(routes))
                .service(scope("/staff").wrap(staff.clone()).configure(routes))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await;
    let alice = served.browser("alice");
    let set_by = async |path: &str| {
        let request = alice.request(reqwest::Method::POST, path);
        let response = request.send().await.unwrap();
        let field = response.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .to_owned();
        let (pair, attributes) = field.split_once(';').unwrap();
        certsession_tests::ledger::record_secret(pair.split_once('=').unwrap().1);
        (pair.to_owned(), attributes.to_owned())
    };
    let (shop, attributes) = set_by("/shop/sign-in/customer").await;
    assert!(shop.starts_with("__Host-shop="));
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Lax");
    let (staff, attributes) = set_by("/staff/sign-in/employee").await;
    assert!(staff.starts_with("__Host-staff="));
    assert_eq!(attributes, " Path=/; Secure; HttpOnly; SameSite=Strict");

    let both = format!("{shop}; {staff}");
    for (path, name) in [("/shop/me", "customer"), ("/staff/me", "employee")] {
        let request = alice
            .request(reqwest::Method::GET, path)
            .header("cookie", &both);
        assert_eq!(request.send().await.unwrap().text().await.unwrap(), name);
    }
    let renamed = [
        ("/staff/me", shop.replace("shop", "staff")),
        ("/shop/me", staff.replace("staff", "shop")),
    ];
    for (path, cookie) in renamed {
        let request = alice.request(reqwest::Method::GET, path);
        let answer = request.header("cookie", cookie).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
    }
    for (path, name) in [("/shop/me", "customer"), ("/staff/me", "employee")] {
        let request = alice.request(reqwest::Method::GET, path);
        let answer = request.header("cookie", &both).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), name, "it is unchanged");
    }
}

/// Counts the responses that pass it, and not the errors.
async fn count_responses(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let mut response = next.call(request).await?;
    let status = response.status().as_u16().into();
    response.headers_mut().insert(SEEN, status);
    Ok(response)
}

const SEEN: HeaderName = HeaderName::from_static("x-seen");

async fn a_refusal_is_an_ordinary_response_to_the_middleware_around_it(plan: Plan) {
    let served = Served::start(plan, |listener, tls| {
        let store = FaultyStore::new(MemoryStore::new());
        let faults = store.faults();
        let sessions = CertSessionMiddleware::new(store);
        let app = move || {
            let faults = faults.clone();
            App::new()
                .wrap(sessions.clone())
                .wrap(DefaultHeaders::new().add(("x-default", "set")))
                .wrap(from_fn(count_responses))
                .route("/sign-in/{name}", post().to(sign_in))
                .route("/trail", get().to(trail))
                .route(
                    "/fail-next-commit",
                    post().to(move |session: CertSession| {
                        let faults = faults.clone();
                        async move {
                            faults.fail_next(StoreOperation::Commit, Fault::Before);
                            session.insert(&TRAIL, &"lost".to_owned())?;
                            Ok::<_, Error>(HttpResponse::NoContent())
                        }
                    }),
                )
        };
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await;
    let seen = |reply: &Reply| {
        let header = |name: &str| reply.headers.get(name).map(|value| value.to_str().unwrap());
        (
            reply.status,
            header("x-seen").map(str::to_owned),
            header("x-default").map(str::to_owned),
        )
    };
    let ordinary = |status: u16| (status, Some(status.to_string()), Some("set".to_owned()));
    let alice = served.browser("alice");
    assert_eq!(seen(&alice.post("/sign-in/alice").await), ordinary(204));
    let thief = served.browser("mallory");
    thief.set_cookie(alice.cookie());
    assert_eq!(seen(&thief.get("/trail").await), ordinary(403));
    assert_eq!(seen(&alice.post("/fail-next-commit").await), ordinary(503));
}
