//! A small application on actix-web and actix-session, and one flag for each fault. See
//! ../../flask/app.py for the flags of the command line.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_session::config::{CookieContentSecurity, PersistentSession};
use actix_session::storage::{LoadError, SaveError, SessionKey, SessionStore, UpdateError};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Cookie, Key, SameSite, time};
use actix_web::dev::Service;
use actix_web::http::header;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, error, web};
use serde::Deserialize;

const BUGS: &str = "FIX-01 FIX-04 ROT-01 END-01 END-02 END-03 END-04 RACE-01 LEAK-01-BODY COOK-02 \
                    COOK-03 COOK-05 CACHE-01 CSRF-01 ENT-01";

/// The flags.
#[derive(Clone, Default)]
struct Bugs(Arc<HashSet<String>>);

impl Bugs {
    fn has(&self, bug: &str) -> bool {
        self.0.contains(bug)
    }
}

type State = HashMap<String, String>;

/// Sessions in memory. actix-session's Redis store writes a session that is gone under a new key;
/// so does this one with RACE-01.
#[derive(Clone, Default)]
struct Memory {
    sessions: Arc<Mutex<HashMap<String, State>>>,
    counter: Arc<Mutex<u64>>,
    bugs: Bugs,
}

impl Memory {
    fn new_key(&self) -> String {
        let mut counter = self.counter.lock().unwrap();
        *counter += 1;
        match self.bugs.has("ENT-01") {
            true => format!("session-{:016}", 5_000 + *counter),
            false => {
                let mut bytes = [0; 24];
                rustls::crypto::ring::default_provider()
                    .secure_random
                    .fill(&mut bytes)
                    .unwrap();
                bytes.iter().map(|byte| format!("{byte:02x}")).collect()
            }
        }
    }
}

impl SessionStore for Memory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.sessions.lock().unwrap().get(key.as_ref()).cloned())
    }

    async fn save(&self, state: State, _: &time::Duration) -> Result<SessionKey, SaveError> {
        let key = self.new_key();
        self.sessions.lock().unwrap().insert(key.clone(), state);
        Ok(SessionKey::try_from(key).unwrap())
    }

    async fn update(
        &self,
        key: SessionKey,
        state: State,
        ttl: &time::Duration,
    ) -> Result<SessionKey, UpdateError> {
        if let Some(kept) = self.sessions.lock().unwrap().get_mut(key.as_ref()) {
            *kept = state;
            return Ok(key);
        }
        match self.bugs.has("RACE-01") {
            true => Ok(self.save(state, ttl).await.unwrap()),
            false => Ok(key),
        }
    }

    async fn update_ttl(&self, _: &SessionKey, _: &time::Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.sessions.lock().unwrap().remove(key.as_ref());
        Ok(())
    }
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    csrf_token: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    value: String,
}

type Data = HashMap<String, String>;

fn user(session: &Session) -> Option<String> {
    session.get("user").ok().flatten()
}

fn cross_site(request: &HttpRequest) -> bool {
    request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
}

async fn form(session: Session, memory: web::Data<Memory>) -> actix_web::Result<HttpResponse> {
    let token = match session.get::<String>("csrf")? {
        Some(token) => token,
        None => {
            let token = Memory::default().new_key();
            session.insert("csrf", &token)?;
            token
        }
    };
    let _ = memory;
    Ok(HttpResponse::Ok().content_type("text/html").body(format!(
        "<form method=post><input type=hidden name=csrf_token value='{token}'></form>"
    )))
}

async fn login(
    session: Session,
    bugs: web::Data<Bugs>,
    form: web::Form<Credentials>,
) -> actix_web::Result<HttpResponse> {
    let token = session.get::<String>("csrf")?;
    if !bugs.has("CSRF-01") && (token.is_none() || token != form.csrf_token) {
        return Err(error::ErrorBadRequest("no token"));
    }
    let right = matches!(
        (form.username.as_str(), form.password.as_str()),
        ("alice", "wonderland") | ("bob", "builder")
    );
    if !right {
        return Err(error::ErrorUnauthorized("wrong"));
    }
    if !bugs.has("FIX-01") {
        if !bugs.has("FIX-04") {
            session.clear();
        }
        session.renew();
    }
    session.insert("user", &form.username)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/home"))
        .finish())
}

async fn home(request: HttpRequest, bugs: web::Data<Bugs>) -> HttpResponse {
    let token = request
        .cookie("id")
        .map(|cookie| cookie.value().to_owned())
        .unwrap_or_default();
    HttpResponse::Ok()
        .content_type("text/html")
        .body(match bugs.has("LEAK-01-BODY") {
            true => format!("<script>const token = \"{token}\"</script>"),
            false => "<h1>home</h1>".to_owned(),
        })
}

async fn me(session: Session) -> HttpResponse {
    match user(&session) {
        Some(user) => HttpResponse::Ok().body(format!("<p>welcome {user}</p>")),
        None => HttpResponse::Unauthorized().body("not signed in"),
    }
}

async fn logout(
    request: HttpRequest,
    session: Session,
    bugs: web::Data<Bugs>,
) -> actix_web::Result<HttpResponse> {
    if !bugs.has("END-04") && cross_site(&request) {
        return Err(error::ErrorForbidden("another site"));
    }
    let mut response = HttpResponse::Ok();
    if bugs.has("END-02") {
        let mut cookie = Cookie::new("id", "");
        cookie.set_path("/");
        cookie.make_removal();
        response.cookie(cookie);
    } else if !bugs.has("END-01") {
        session.purge();
    }
    Ok(response.body("bye"))
}

async fn write(session: Session, entry: web::Form<Entry>) -> actix_web::Result<HttpResponse> {
    let mut data: Data = session.get("data")?.unwrap_or_default();
    data.insert(entry.key.clone(), entry.value.clone());
    session.insert("data", data)?;
    Ok(HttpResponse::Ok().body("written"))
}

async fn read(session: Session) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(session.get::<Data>("data")?.unwrap_or_default()))
}

async fn slow(session: Session, entry: web::Query<Entry>) -> actix_web::Result<HttpResponse> {
    if user(&session).is_none() {
        return Err(error::ErrorUnauthorized("not signed in"));
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut data: Data = session.get("data")?.unwrap_or_default();
    data.insert(entry.key.clone(), entry.value.clone());
    session.insert("data", data)?;
    Ok(HttpResponse::Ok().body("written slowly"))
}

async fn elevate(session: Session, bugs: web::Data<Bugs>) -> actix_web::Result<HttpResponse> {
    if user(&session).is_none() {
        return Err(error::ErrorUnauthorized("not signed in"));
    }
    session.insert("level", 1)?;
    if !bugs.has("ROT-01") {
        session.renew();
    }
    Ok(HttpResponse::Ok().body("elevated"))
}

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| {
        arguments
            .iter()
            .position(|argument| argument == name)
            .and_then(|place| arguments.get(place + 1))
            .cloned()
            .unwrap_or_default()
    };
    let port: u16 = value("--port").parse().expect("--port PORT");
    let bugs: HashSet<String> = value("--bugs")
        .split(',')
        .filter(|bug| !bug.is_empty())
        .map(str::to_owned)
        .collect();
    for bug in &bugs {
        assert!(
            BUGS.split(' ').any(|known| known == bug),
            "unknown bug {bug}"
        );
    }
    let bugs = Bugs(Arc::new(bugs));
    let memory = Memory {
        bugs: bugs.clone(),
        ..Memory::default()
    };
    let key = Key::generate();
    let make = move || {
        let mut sessions = SessionMiddleware::builder(memory.clone(), key.clone())
            .cookie_secure(false)
            .cookie_http_only(!bugs.has("COOK-02"))
            .cookie_same_site(match bugs.has("COOK-03") {
                true => SameSite::None,
                false => SameSite::Lax,
            });
        if bugs.has("COOK-05") {
            sessions = sessions.session_lifecycle(
                PersistentSession::default().session_ttl(time::Duration::days(30)),
            );
        }
        if bugs.has("ENT-01") {
            sessions = sessions.cookie_content_security(CookieContentSecurity::Signed);
        }
        let failing = bugs.has("END-03");
        let stored = bugs.has("CACHE-01");
        let mut app = App::new()
            .app_data(web::Data::new(bugs.clone()))
            .app_data(web::Data::new(memory.clone()))
            // Inside the session's middleware: what fails here drops what the handler asked for.
            .wrap_fn(move |request, service| {
                let fails = failing && request.path() == "/logout";
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    if fails {
                        return Err(error::ErrorInternalServerError("the audit log is full"));
                    }
                    if !stored {
                        answer.headers_mut().insert(
                            header::CACHE_CONTROL,
                            header::HeaderValue::from_static("no-store"),
                        );
                    }
                    Ok(answer)
                }
            })
            .wrap(sessions.build())
            .route("/login", web::get().to(form))
            .route("/login", web::post().to(login))
            .route("/home", web::get().to(home))
            .route("/me", web::get().to(me))
            .route("/logout", web::post().to(logout))
            .route("/write", web::post().to(write))
            .route("/read", web::get().to(read))
            .route("/slow", web::get().to(slow))
            .route("/elevate", web::post().to(elevate));
        if bugs.has("END-04") {
            app = app.route("/logout", web::get().to(logout));
        }
        app
    };
    actix_web::rt::System::new().block_on(
        HttpServer::new(make)
            .workers(1)
            .bind(("127.0.0.1", port))?
            .run(),
    )
}
