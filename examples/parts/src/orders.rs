//! The orders. They are the application's data, and outlive every session.

use std::sync::{Mutex, MutexGuard, PoisonError};

use actix_web::{HttpResponse, web};
use certsession_actix::{CertSession, Error, SignedIn};

use crate::cart::{CART, Cart};

/// All orders; in place of a database.
#[derive(Default)]
pub(crate) struct Orders(Mutex<Vec<Order>>);

struct Order {
    buyer: String,
    cart: Cart,
    approver: Option<String>,
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, Vec<Order>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn place(&self, buyer: &str, cart: Cart) -> usize {
        let mut orders = self.lock();
        orders.push(Order {
            buyer: buyer.to_owned(),
            cart,
            approver: None,
        });
        orders.len()
    }

    /// Whether there is an order with this number.
    pub(crate) fn approve(&self, number: usize, approver: &str) -> bool {
        let mut orders = self.lock();
        let order = number.checked_sub(1).and_then(|at| orders.get_mut(at));
        order.is_some_and(|order| {
            order.approver = Some(approver.to_owned());
            true
        })
    }
}

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/orders", web::get().to(list))
        .route("/orders", web::post().to(place));
}

/// `take_once` gives the cart to one of two clicks: the second finds none.
async fn place(
    session: CertSession,
    buyer: SignedIn,
    orders: web::Data<Orders>,
) -> Result<HttpResponse, Error> {
    Ok(match session.take_once(&CART).await? {
        Some(cart) => {
            let number = orders.place(buyer.as_str(), cart);
            HttpResponse::Created().body(format!("order {number}\n"))
        }
        None => HttpResponse::Conflict().body("the cart is empty\n"),
    })
}

async fn list(_: SignedIn, orders: web::Data<Orders>) -> String {
    let orders = orders.lock();
    let lines = orders.iter().enumerate().map(|(at, order)| {
        let pieces: u32 = order.cart.values().sum();
        let state = order.approver.as_deref().unwrap_or("no one yet");
        let (number, buyer) = (at + 1, &order.buyer);
        format!("order {number} of {buyer}, {pieces} in all, approved by {state}\n")
    });
    lines.collect()
}
