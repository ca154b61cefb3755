//! What a request wrote, where it is equal to what was stored.

#![allow(clippy::unwrap_used, reason = "a helper that fails is a failed test")]

use std::time::Duration;

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::Session;
use actix_web::test::{TestRequest, call_and_read_body, call_service, init_service};
use actix_web::web::{Path, get, post};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse};
use certsession_core::MemoryStore;

use super::ActixSessionBridge;
use crate::CertSessionMiddleware;
use crate::test_util::{CookieJar, TestRequestExt, peer};

const HOUR: Duration = Duration::from_secs(3600);

type Answer = actix_web::Result<HttpResponse>;

/// Signs a user in and writes, in the way that the path names, what every user gets.
async fn login(request: HttpRequest, session: Session, path: Path<(String, String)>) -> Answer {
    let (user, way) = path.into_inner();
    match &*way {
        "cleared" => session.clear(),
        "removed" => drop(session.remove("role")),
        "written-before" => session.insert("role", "user")?,
        _ => {}
    }
    let login = Identity::login(&request.extensions(), user);
    login.map_err(actix_web::error::ErrorInternalServerError)?;
    match &*way {
        "written-before" => {}
        "updated" => session.update("role", |role: String| role)?,
        _ => session.insert("role", "user")?,
    }
    Ok(HttpResponse::NoContent().finish())
}

async fn note(session: Session) -> Answer {
    session.insert("note", "of the user before")?;
    Ok(HttpResponse::NoContent().finish())
}

async fn show(user: Identity, session: Session) -> actix_web::Result<String> {
    let user = user.id().map_err(actix_web::error::ErrorUnauthorized)?;
    let role: Option<String> = session.get("role")?;
    let note: Option<String> = session.get("note")?;
    Ok(format!("{user} {role:?} {note:?}"))
}

/// What is shown after two users have signed in, one after the other in one session.
async fn after_two_logins(identity: IdentityMiddleware, way: &str) -> String {
    let app = App::new()
        .wrap(identity)
        .wrap(ActixSessionBridge::new())
        .wrap(CertSessionMiddleware::new(MemoryStore::new()))
        .route("/login/{user}/{way}", post().to(login))
        .route("/note", post().to(note))
        .route("/", get().to(show));
    let app = init_service(app).await;
    let mut jar = CookieJar::default();
    let paths = [
        "/login/alice/written-after",
        "/note",
        &format!("/login/bob/{way}"),
    ];
    for path in paths {
        let request = TestRequest::post().uri(path).cookies_of(&jar);
        let response = call_service(&app, request.to_request_from(peer("shared"))).await;
        assert_eq!(response.status(), 204, "{path}");
        jar.store(&response);
    }
    let request = TestRequest::get().cookies_of(&jar);
    let body = call_and_read_body(&app, request.to_request_from(peer("shared"))).await;
    String::from_utf8(body.to_vec()).unwrap()
}

#[test]
fn what_a_sign_in_writes_stays_although_it_was_stored_before() {
    actix_web::rt::System::new().block_on(async {
        for way in [
            "written-after",
            "written-before",
            "updated",
            "removed",
            "cleared",
        ] {
            let shown = after_two_logins(IdentityMiddleware::default(), way).await;
            assert_eq!(shown, r#"bob Some("user") None"#, "{way}");
        }
    });
}

#[test]
fn a_login_in_the_second_of_the_one_before_it_has_its_time() {
    actix_web::rt::System::new().block_on(async {
        // Most of these are two in one second.
        for _ in 0..3 {
            let identity = IdentityMiddleware::builder();
            let identity = identity.login_deadline(Some(HOUR)).build();
            let shown = after_two_logins(identity, "written-after").await;
            assert_eq!(shown, r#"bob Some("user") None"#);
        }
    });
}
