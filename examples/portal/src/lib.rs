//! The portal's interface, for `main` and for the tests of the whole framework.

mod api;
mod page;

pub use api::{lab_routes, routes};
