//! Handlers that use what applications build on sessions.

use actix_web::HttpResponse;
use actix_web::http::header::LOCATION;
use actix_web::web::{Path, ServiceConfig, get, post};
use certsession_actix::{
    AuthMethod, CertSession, Elevated, Error, FlashLevel, HasRole, Key, OneTime, Page,
    RecentlyAuthenticated, RoleName, SignIn, SignedIn,
};
use serde_json::{Value, json};
use std::time::Duration;

const OAUTH: OneTime<String> = OneTime::new("oauth", Duration::from_secs(600));

struct Admin;

impl RoleName for Admin {
    const ROLE: &'static str = "admin";
}

pub(super) fn features(config: &mut ServiceConfig) {
    config
        .route("/take/{key}", get().to(take))
        .route("/flash/{text}", post().to(flash))
        .route("/flashes", get().to(flashes))
        .route("/oauth/start/{value}", post().to(oauth_start))
        .route("/oauth/callback/{state}", get().to(oauth_callback))
        .route("/form", get().to(form))
        .route("/form/{token}", post().to(submit))
        .route("/sign-in-as/{name}/{role}", post().to(sign_in_as))
        .route("/elevate", post().to(elevate))
        .route("/members", get().to(members))
        .route("/recent", get().to(recent))
        .route("/elevated", get().to(elevated))
        .route("/admin", get().to(admin))
        .route("/devices", get().to(devices))
        .route("/sign-out-others", post().to(sign_out_others));
}

async fn take(session: CertSession, key: Path<String>) -> Result<HttpResponse, Error> {
    let value = session
        .take_once::<Value>(&Key::named(key.into_inner()))
        .await?;
    Ok(match value {
        Some(value) => HttpResponse::Ok().json(value),
        None => HttpResponse::NotFound().finish(),
    })
}

async fn flash(session: CertSession, text: Path<String>) -> Result<HttpResponse, Error> {
    session.flash(FlashLevel::Success, text.into_inner())?;
    session.flash(FlashLevel::Warning, "second")?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, "/flashes"))
        .finish())
}

async fn flashes(session: CertSession) -> Result<HttpResponse, Error> {
    let flashes = session.take_flashes().await?;
    let flashes: Vec<_> = flashes
        .iter()
        .map(|flash| json!([flash.level().as_str(), flash.text()]))
        .collect();
    Ok(HttpResponse::Ok().json(flashes))
}

async fn oauth_start(session: CertSession, value: Path<String>) -> Result<String, Error> {
    let state = session.issue(&OAUTH, &value)?;
    Ok(state.as_str().to_owned())
}

async fn oauth_callback(session: CertSession, state: Path<String>) -> Result<HttpResponse, Error> {
    Ok(match session.redeem(&OAUTH, &state).await? {
        Some(value) => HttpResponse::Ok().body(value),
        None => HttpResponse::Forbidden().finish(),
    })
}

async fn form(session: CertSession) -> Result<String, Error> {
    let token = session.csrf_token().await?;
    Ok(token.map_or(String::new(), |token| token.to_string()))
}

async fn submit(session: CertSession, token: Path<String>) -> Result<HttpResponse, Error> {
    session.check_csrf(&token)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn sign_in_as(
    session: CertSession,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (name, role) = path.into_inner();
    session.sign_in(SignIn::principal(name).role(role).persistent())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn elevate(session: CertSession) -> Result<HttpResponse, Error> {
    session.elevate(AuthMethod::ONE_TIME_PASSWORD, Duration::from_secs(300))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn members(name: SignedIn) -> String {
    name.to_string()
}

async fn recent(RecentlyAuthenticated(name): RecentlyAuthenticated<600>) -> String {
    name.as_str().to_owned()
}

async fn elevated(elevated: Elevated) -> String {
    elevated.elevation().method().to_string()
}

async fn admin(admin: HasRole<Admin>) -> String {
    admin.principal().as_str().to_owned()
}

async fn devices(session: CertSession) -> Result<HttpResponse, Error> {
    let sessions = session.sessions(&Page::default()).await?;
    let agents: Vec<_> = sessions
        .sessions()
        .iter()
        .map(|record| record.device().and_then(|device| device.agent()))
        .collect();
    Ok(HttpResponse::Ok().json(agents))
}

async fn sign_out_others(session: CertSession) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(session.revoke_others().await?))
}
