//! What tests of an application, of an adapter or of a store need (feature `test-util`).
//!
//! A clock that is set by hand, a store that fails on command, a log of events, and samples
//! of what only the rules make otherwise. Nothing in here changes the code that ships.
//!
//! | file | purpose |
//! |---|---|
//! | `block_on` | [`block_on`], for futures that need no runtime |
//! | `certificate` | [`peer`], with a certificate that needs no PKI |
//! | `clock` | [`ManualClock`] |
//! | `events` | [`EventLog`] |
//! | `faults` | [`FaultyStore`], and [`Faults`] that command it |
//! | `gate` | [`Gate`], where a step of the store waits |
//! | `binding`, `record`, `commit` | [`SampleBinding`], [`SampleRecord`] and [`SampleCommit`] |

mod binding;
mod block_on;
mod certificate;
mod clock;
mod commit;
mod events;
mod faults;
mod gate;
mod record;

pub use binding::SampleBinding;
pub use block_on::block_on;
pub use certificate::peer;
pub use clock::ManualClock;
pub use commit::SampleCommit;
pub use events::EventLog;
pub use faults::{Fault, Faults, FaultyStore};
pub use gate::Gate;
pub use record::SampleRecord;
