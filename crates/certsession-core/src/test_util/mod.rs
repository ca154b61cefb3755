//! Helpers for the tests of an application, an adapter or a store (feature `test-util`).
//!
//! A clock that tests set, a store that fails on command, a log of events, and samples of values
//! that only the rules create otherwise. Nothing in here changes the code that ships.
//!
//! | file | purpose |
//! |---|---|
//! | `block_on` | [`block_on`], for futures that need no runtime |
//! | `certificate` | [`peer`], with a certificate that needs no PKI |
//! | `clock` | [`ManualClock`] |
//! | `events` | [`EventLog`] |
//! | `faults` | [`FaultyStore`], and the [`Faults`] that control it |
//! | `gate` | [`Gate`], which holds a store operation |
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
