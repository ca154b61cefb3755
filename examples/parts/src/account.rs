//! Signing in and out. The certificate says who it is.

use actix_web::{HttpResponse, web};
use certsession_actix::{AuthMethod, CertSession, Error, SignIn, SignedIn};

use crate::cart::CART;
use crate::people;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/sign-in", web::post().to(sign_in))
        .route("/whoami", web::get().to(whoami))
        .route("/sign-out", web::post().to(sign_out));
}

async fn sign_in(session: CertSession) -> Result<HttpResponse, Error> {
    let certificate = session.peer();
    let Some(person) = certificate.as_deref().and_then(people::owner_of) else {
        return Ok(HttpResponse::Forbidden().body("this certificate is no employee's\n"));
    };
    let sign_in = SignIn::principal(person.name)
        .carry(&CART)
        .method(AuthMethod::SOFTWARE_KEY);
    let sign_in = person.roles.iter().fold(sign_in, |it, role| it.role(*role));
    session.sign_in(sign_in)?;
    Ok(HttpResponse::Ok().body(format!("welcome, {}\n", person.name)))
}

async fn whoami(person: SignedIn) -> String {
    format!("you are {person}\n")
}

async fn sign_out(session: CertSession) -> Result<HttpResponse, Error> {
    session.sign_out()?;
    Ok(HttpResponse::NoContent().finish())
}
