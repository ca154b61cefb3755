//! Real proxies in front of the portal, run by the very files that `docs/proxies.md` shows.

mod behind;
mod fronted;
mod program;
mod running;

pub use behind::{BehindProxy, chain_verifier};
pub use fronted::Fronted;
pub use program::Proxy;
pub use running::Running;
