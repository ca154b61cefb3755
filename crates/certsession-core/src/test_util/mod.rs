//! What tests of an application, of an adapter or of a store need (feature `test-util`).
//!
//! A clock that is set by hand, a store that fails on command, a log of events, and samples
//! of what only the rules make otherwise. Nothing in here changes the code that ships.
//!
//! | file | purpose |
//! |---|---|
//! | `clock` | [`ManualClock`] |
//! | `events` | [`EventLog`] |
//! | `faults` | [`FaultyStore`], and [`Faults`] that command it |
//! | `gate` | [`Gate`], where a step of the store waits |

mod clock;
mod events;
mod faults;
mod gate;

pub use clock::ManualClock;
pub use events::EventLog;
pub use faults::{Fault, Faults, FaultyStore};
pub use gate::Gate;
