//! What handlers ask for: their session, and who is signed in.

mod backend;
mod detached;
mod ended;
mod late;
mod principal;
mod session;
mod session_ext;

pub(crate) use backend::Backend;
pub use late::LateSession;
pub use principal::Principal;
pub use session::CertSession;
pub use session_ext::SessionExt;
