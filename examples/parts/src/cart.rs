//! The cart: it is in the session, also before the sign-in.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use certsession_actix::{CertSession, Error, Key};

/// How many of each part.
pub(crate) type Cart = BTreeMap<String, u32>;

pub(crate) const CART: Key<Cart> = Key::new("cart");

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/cart", web::get().to(show))
        .route("/cart/{part}", web::post().to(add));
}

async fn show(session: CertSession) -> Result<String, Error> {
    let cart = session.get(&CART)?.unwrap_or_default();
    Ok(cart
        .iter()
        .map(|(part, count)| format!("{count} {part}\n"))
        .collect())
}

async fn add(session: CertSession, part: web::Path<String>) -> Result<HttpResponse, Error> {
    let mut cart = session.get(&CART)?.unwrap_or_default();
    *cart.entry(part.into_inner()).or_default() += 1;
    session.insert(&CART, &cart)?;
    Ok(HttpResponse::NoContent().finish())
}
