//! Two public examples of actix-web's own repository, `auth/redis-session` and
//! `auth/simple-auth-server`, in our words, as the guide moves them: the handlers speak
//! actix-session and actix-identity, and only the middleware changed.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::Session;
use actix_web::web::{Json, get, post, resource};
use actix_web::{App, FromRequest, HttpMessage, HttpRequest, HttpResponse, dev::Payload};
use certsession_actix::{ActixSessionBridge, BindMutualTls, CertSessionMiddleware, MemoryStore};
use certsession_tests::{Browser, Plan, Reply, Served, server};
use reqwest::Method;
use serde_json::{Value, json};

over_the_bridge![redis_session_runs, simple_auth_server_runs];

type Answer = actix_web::Result<HttpResponse>;

async fn send(browser: &Browser, method: Method, path: &str, body: Value) -> Reply {
    let request = browser
        .request(method, path)
        .header("content-type", "application/json");
    browser.send(request.body(body.to_string())).await
}

/// `auth/redis-session`: a counter, and a user who logs in without a password.
mod redis_session {
    use super::{Answer, HttpResponse, Json, Session, Value, json};

    fn status(session: &Session) -> Answer {
        let user: Option<String> = session.get("user_id")?;
        let counter: i32 = session.get("counter")?.unwrap_or(0);
        Ok(HttpResponse::Ok().json(json!({ "user_id": user, "counter": counter })))
    }

    pub(super) async fn index(session: Session) -> Answer {
        status(&session)
    }

    pub(super) async fn do_something(session: Session) -> Answer {
        let counter: i32 = session.get("counter")?.unwrap_or(0);
        session.insert("counter", counter + 1)?;
        status(&session)
    }

    pub(super) async fn login(body: Json<Value>, session: Session) -> Answer {
        session.insert("user_id", body["user_id"].clone())?;
        session.renew();
        status(&session)
    }

    pub(super) async fn logout(session: Session) -> Answer {
        let user: Option<String> = session.get("user_id")?;
        Ok(match user {
            Some(user) => {
                session.purge();
                HttpResponse::Ok().body(format!("Logged out: {user}"))
            }
            None => HttpResponse::Ok().body("Could not log out anonymous user"),
        })
    }
}

async fn redis_session_runs(plan: Plan) {
    use redis_session::{do_something, index, login, logout};
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            App::new()
                .wrap(
                    ActixSessionBridge::new()
                        .user_key("user_id")
                        .carry("counter"),
                )
                .wrap(sessions.clone())
                .service(resource("/").route(get().to(index)))
                .service(resource("/do_something").route(post().to(do_something)))
                .service(resource("/login").route(post().to(login)))
                .service(resource("/logout").route(post().to(logout)))
        };
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await;
    let browser = served.browser("ferris");
    let is = |user: Value, counter: i32| json!({ "user_id": user, "counter": counter });
    assert_eq!(browser.get("/").await.json(), is(Value::Null, 0));
    assert_eq!(
        browser.post("/do_something").await.json(),
        is(Value::Null, 1)
    );
    assert_eq!(browser.get("/").await.json(), is(Value::Null, 1));
    let before = browser.stolen_cookie();
    let body = json!({ "user_id": "ferris" });
    let logged_in = send(&browser, Method::POST, "/login", body).await;
    assert_eq!(logged_in.json(), is(json!("ferris"), 1));
    let token = browser.stolen_cookie();
    assert_ne!(token, before);
    assert_eq!(
        browser.post("/do_something").await.json(),
        is(json!("ferris"), 2)
    );
    assert_eq!(browser.post("/logout").await.body, "Logged out: ferris");
    assert_eq!(browser.get("/").await.json(), is(Value::Null, 0));
    browser.set_cookie(Some(token));
    assert_eq!(
        browser.get("/").await.json(),
        is(Value::Null, 0),
        "the cookie is dead"
    );
}

/// `auth/simple-auth-server`: log in with an e-mail address and a password; an extractor of the
/// application's own takes the user out of the identity, which holds JSON.
mod simple_auth_server {
    use super::{
        Answer, FromRequest, HttpMessage, HttpRequest, HttpResponse, Identity, Json, Payload,
        Value, json,
    };
    use std::pin::Pin;

    pub(super) struct LoggedUser(Value);

    impl FromRequest for LoggedUser {
        type Error = actix_web::Error;
        type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

        fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
            let identity = Identity::from_request(request, payload).into_inner();
            Box::pin(async move {
                let unauthorized = || actix_web::error::ErrorUnauthorized("Unauthorized");
                let id = identity?.id().map_err(|_| unauthorized())?;
                let user = serde_json::from_str(&id).map_err(|_| unauthorized())?;
                Ok(Self(user))
            })
        }
    }

    pub(super) async fn login(request: HttpRequest, body: Json<Value>) -> Answer {
        if body["password"] != "correct horse" {
            return Ok(HttpResponse::Unauthorized().body("Unauthorized"));
        }
        let user = json!({ "email": body["email"] });
        Identity::login(&request.extensions(), user.to_string())
            .map_err(actix_web::error::ErrorInternalServerError)?;
        Ok(HttpResponse::NoContent().finish())
    }

    pub(super) async fn logout(id: Identity) -> HttpResponse {
        id.logout();
        HttpResponse::NoContent().finish()
    }

    pub(super) async fn get_me(user: LoggedUser) -> HttpResponse {
        HttpResponse::Ok().json(user.0)
    }
}

async fn simple_auth_server_runs(plan: Plan) {
    use actix_web::web::delete;
    use simple_auth_server::{get_me, login, logout};
    let served = Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            let auth = resource("/api/auth")
                .route(post().to(login))
                .route(delete().to(logout))
                .route(get().to(get_me));
            App::new()
                .wrap(IdentityMiddleware::default())
                .wrap(ActixSessionBridge::new())
                .wrap(sessions.clone())
                .service(auth)
        };
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await;
    let browser = served.browser("ferris");
    let credentials = |password: &str| json!({ "email": "f@example.com", "password": password });
    assert_eq!(browser.get("/api/auth").await.status, 401);
    let wrong = send(&browser, Method::POST, "/api/auth", credentials("wrong")).await;
    assert_eq!((wrong.status, browser.cookie()), (401, None));
    let right = send(
        &browser,
        Method::POST,
        "/api/auth",
        credentials("correct horse"),
    )
    .await;
    assert_eq!(right.status, 204);
    let me = browser.get("/api/auth").await.json();
    assert_eq!(me, json!({ "email": "f@example.com" }));
    let thief = served.browser("thief");
    thief.set_cookie(browser.cookie());
    assert_eq!(thief.get("/api/auth").await.status, 403);
    assert_eq!(browser.delete("/api/auth").await.status, 204);
    assert_eq!(browser.get("/api/auth").await.status, 401);
}
