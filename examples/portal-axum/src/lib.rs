//! The portal's interface on axum, for `main` and for the tests of the whole framework.

mod api;
mod failed;
mod live;
mod pages;

pub use api::{lab_routes, routes};
pub use pages::error_pages;
