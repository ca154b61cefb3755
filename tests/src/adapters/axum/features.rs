//! Handlers that use what applications build on sessions: as those of actix-web, path by path.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::{get, post};
use certsession_axum::{
    AuthMethod, CertSession, Elevated, Error, FlashLevel, HasRole, Key, OneTime, Page,
    RecentlyAuthenticated, RoleName, SignIn, SignedIn,
};
use serde_json::{Value, json};
use std::time::Duration;

const OAUTH: OneTime<String> = OneTime::new("oauth", Duration::from_secs(600));
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

struct Admin;

impl RoleName for Admin {
    const ROLE: &'static str = "admin";
}

pub(super) fn features() -> Router {
    Router::new()
        .route("/take/{key}", get(take))
        .route("/flash/{text}", post(flash))
        .route("/flashes", get(flashes))
        .route("/oauth/start/{value}", post(oauth_start))
        .route("/oauth/callback/{state}", get(oauth_callback))
        .route("/form", get(form))
        .route("/form/{token}", post(submit))
        .route("/sign-in-as/{name}/{role}", post(sign_in_as))
        .route("/elevate", post(elevate))
        // In a router of its own, which shortens the path that its handlers see.
        .nest("/members", Router::new().route("/", get(members)))
        .route("/recent", get(recent))
        .route("/elevated", get(elevated))
        .route("/admin", get(admin))
        .route("/devices", get(devices))
        .route("/sign-out-others", post(sign_out_others))
}

async fn take(session: CertSession, Path(key): Path<String>) -> Result<Response, Error> {
    let value = session.take_once::<Value>(&Key::named(key)).await?;
    Ok(match value {
        Some(value) => Json(value).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn flash(session: CertSession, Path(text): Path<String>) -> Result<Redirect, Error> {
    session.flash(FlashLevel::Success, text)?;
    session.flash(FlashLevel::Warning, "second")?;
    Ok(Redirect::to("/flashes"))
}

async fn flashes(session: CertSession) -> Result<Json<Vec<Value>>, Error> {
    let flashes = session.take_flashes().await?;
    let shown = flashes
        .iter()
        .map(|flash| json!([flash.level().as_str(), flash.text()]));
    Ok(Json(shown.collect()))
}

async fn oauth_start(session: CertSession, Path(value): Path<String>) -> Result<String, Error> {
    let state = session.issue(&OAUTH, &value)?;
    Ok(state.as_str().to_owned())
}

async fn oauth_callback(
    session: CertSession,
    Path(state): Path<String>,
) -> Result<Response, Error> {
    Ok(match session.redeem(&OAUTH, &state).await? {
        Some(value) => value.into_response(),
        None => StatusCode::FORBIDDEN.into_response(),
    })
}

async fn form(session: CertSession) -> Result<String, Error> {
    let token = session.csrf_token().await?;
    Ok(token.map_or(String::new(), |token| token.to_string()))
}

async fn submit(session: CertSession, Path(token): Path<String>) -> Result<StatusCode, Error> {
    session.check_csrf(&token)?;
    Ok(NO_CONTENT)
}

async fn sign_in_as(
    session: CertSession,
    Path((name, role)): Path<(String, String)>,
) -> Result<StatusCode, Error> {
    session.sign_in(SignIn::principal(name).role(role).persistent())?;
    Ok(NO_CONTENT)
}

async fn elevate(session: CertSession) -> Result<StatusCode, Error> {
    session.elevate(AuthMethod::ONE_TIME_PASSWORD, Duration::from_secs(300))?;
    Ok(NO_CONTENT)
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

async fn devices(session: CertSession) -> Result<Json<Vec<Value>>, Error> {
    let sessions = session.sessions(&Page::default()).await?;
    let agents = sessions
        .sessions()
        .iter()
        .map(|record| json!(record.device().and_then(|device| device.agent())));
    Ok(Json(agents.collect()))
}

async fn sign_out_others(session: CertSession) -> Result<Json<usize>, Error> {
    Ok(Json(session.revoke_others().await?))
}
