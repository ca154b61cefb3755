//! The cart, which begins without a certificate, and the order. By hand: the catalogue.

use axum::Form;
use axum::response::Response;
use certsession_axum::{CertSession, Error, FlashLevel, Key, SignedIn};
use serde::Deserialize;

use crate::page::{back_to, escape, form, page};

pub(crate) const CART: Key<Vec<String>> = Key::new("cart");

const PARTS: [&str; 3] = ["bell", "chain", "saddle"];

#[derive(Deserialize)]
pub(crate) struct Part {
    part: String,
}

/// A form without fields of its own.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    pub(crate) csrf: String,
}

pub(crate) async fn home(session: CertSession) -> Result<Response, Error> {
    let who = session.principal();
    let who = who.map_or("no one".to_owned(), |name| escape(name.as_str()));
    let cart = session.get(&CART)?.unwrap_or_default();
    let order = form(&session, "/order", "").await?;
    let body = format!(
        "<h1>{who}</h1><p>Cart: {}</p>{order}",
        escape(&cart.join(", "))
    );
    page(&session, &body).await
}

/// Begins a session, so that it needs no token of a form: what it could do to others is to add to
/// their cart, and pages of other sites are refused.
pub(crate) async fn add(
    session: CertSession,
    Form(Part { part }): Form<Part>,
) -> Result<Response, Error> {
    if !PARTS.contains(&&*part) {
        session.flash(FlashLevel::Warning, "There is no such part.")?;
        return Ok(back_to("/"));
    }
    let mut cart = session.get(&CART)?.unwrap_or_default();
    cart.push(part);
    session.insert(&CART, &cart)?;
    Ok(back_to("/"))
}

/// Of two clicks on the button, one orders.
pub(crate) async fn order(
    _: SignedIn,
    session: CertSession,
    Form(Confirmed { csrf }): Form<Confirmed>,
) -> Result<Response, Error> {
    session.check_csrf(&csrf)?;
    match session.take_once(&CART).await? {
        Some(cart) => {
            let text = format!("Ordered: {}.", cart.join(", "));
            session.flash(FlashLevel::Success, text)?;
        }
        None => session.flash(FlashLevel::Info, "The cart is empty.")?,
    }
    Ok(back_to("/"))
}
