//! What the portals share, whichever framework serves them: the flags, the store and TLS that they
//! ask for, what the JSON interface says, and the page.
//!
//! A portal's own package has its routes and its server, and the framework's forms of requests and
//! responses.

mod account;
mod answer;
mod data;
mod describe;
mod lab;
mod live;
mod options;
mod page;
mod program;
mod proxy;
mod store;

pub use account::{Me, me, sign_in};
pub use answer::{Failure, MAX_BODY};
pub use data::{read, remove, write};
pub use describe::{Described, ListQuery, Listed, Listing, session, sessions};
pub use lab::{HANDLER_FAILED, SlowQuery, release, slow, waiting};
pub use live::{CLOSE_REASON, Follower, GREETING, follow, revoke};
pub use options::Socket;
pub use page::{ErrorPage, policy, render, wants_page};
pub use program::{Framework, Portal, run, say_listening};
pub use proxy::bind_unix;
