//! The cart: it is in the session, also before the sign-in.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::{get, post};
use certsession_axum::{CertSession, Error, Key};

/// How many of each part.
pub(crate) type Cart = BTreeMap<String, u32>;

pub(crate) const CART: Key<Cart> = Key::new("cart");

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/cart", get(show))
        .route("/cart/{part}", post(add))
}

async fn show(session: CertSession) -> Result<String, Error> {
    let cart = session.get(&CART)?.unwrap_or_default();
    Ok(cart
        .iter()
        .map(|(part, count)| format!("{count} {part}\n"))
        .collect())
}

async fn add(session: CertSession, Path(part): Path<String>) -> Result<StatusCode, Error> {
    let mut cart = session.get(&CART)?.unwrap_or_default();
    *cart.entry(part).or_default() += 1;
    session.insert(&CART, &cart)?;
    Ok(StatusCode::NO_CONTENT)
}
