//! A bicycle workshop's shop: a cart, a sign-in as second factor beside the certificate, forms,
//! roles, a step-up, a list of sessions, a WebSocket. What an application of this kind still has to
//! write itself is marked `By hand` in the files' first lines.
//!
//! | file | subject |
//! |---|---|
//! | `shop` | the cart, which begins without a certificate, and the order |
//! | `sign_in` | the password beside the certificate; sign-out |
//! | `account` | the sessions of a user; what needs a password again |
//! | `office` | what only a mechanic may do; everyone's sessions |
//! | `live` | a WebSocket that closes when its session ends |
//! | `users` | who there is, and their passwords |
//! | `page` | HTML |

mod account;
mod live;
mod office;
mod page;
mod shop;
mod sign_in;
mod users;

use axum::Router;
use axum::routing::{get, post};
use certsession_axum::{
    BindWhenPresent, CertSessionLayer, Device, InvalidSignInPage, SessionManager, SessionStore,
};

pub use users::Users;

/// The rules: a cart may begin without a certificate, and what is kept of a session is encrypted.
pub fn rules<S: SessionStore>(store: S) -> SessionManager<S> {
    SessionManager::builder(store)
        .certificate(BindWhenPresent::new().carry(&shop::CART))
        .encrypt_data()
        .build()
}

/// The application over these rules.
///
/// # Errors
///
/// Never: the sign-in page is a path of the application.
pub fn app<S: SessionStore>(
    rules: SessionManager<S>,
    users: Users,
) -> Result<Router, InvalidSignInPage> {
    let admin = rules.admin();
    let sessions = CertSessionLayer::new(rules)
        .with_sign_in_page("/sign-in")?
        .with_device(|request| {
            let agent = request.headers.get("user-agent");
            let agent = agent.and_then(|agent| agent.to_str().ok());
            Device::new().with_agent(agent.unwrap_or_default())
        });
    Ok(Router::new()
        .route("/", get(shop::home))
        .route("/cart", post(shop::add))
        .route("/order", post(shop::order))
        .route("/sign-in", get(sign_in::ask).post(sign_in::submit))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(account::show))
        .route("/account/confirm", post(account::confirm))
        .route("/account/password", post(account::change_password))
        .route("/account/end/{handle}", post(account::end))
        .route("/account/end-others", post(account::end_others))
        .route("/office", get(office::show))
        .route("/office/end-all", post(office::end_all))
        .route("/live", get(live::follow))
        .with_state(State { users, admin })
        .layer(sessions))
}

/// What handlers share.
#[derive(Clone)]
struct State {
    users: Users,
    admin: certsession_axum::SessionAdmin,
}
