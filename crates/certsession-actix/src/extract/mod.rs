//! What handlers ask for: their session, and who is signed in.

mod backend;
mod detached;
mod ended;
mod late;
mod session;
mod session_ext;
mod signed_in;

pub(crate) use backend::Backend;
pub use late::LateSession;
pub use session::CertSession;
pub use session_ext::SessionExt;
pub use signed_in::SignedIn;
