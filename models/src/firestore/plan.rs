//! What is asked for, and the fault that was planted.

use super::client::Ask;
use super::database::{Handle, Principal};

/// The steps, and a fault that was planted in them.
#[derive(Clone, Debug)]
pub struct Firestore {
    /// The sessions that are there when the requests begin, each with its principal.
    pub sessions: Vec<(Handle, Principal)>,
    /// What is asked for, all at once.
    pub requests: Vec<Ask>,
    /// How many sessions a principal may have.
    pub limit: usize,
    /// A fault in the order of the steps, or none.
    pub fault: Option<FirestoreFault>,
}

/// A fault that the checker has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirestoreFault {
    /// A creation whose answer was lost is sent again.
    CreatesBlindly,
    /// A write has no precondition, as an upsert has none.
    WritesWithoutPrecondition,
    /// A write whose answer was lost is applied to whatever is there now.
    AppliesOnceMore,
    /// Revoking all does not look again at what had changed.
    LooksOnce,
    /// A sign-in does not take the turn of its principal.
    TakesNoTurn,
    /// The creation comes before the ends that make room for it.
    CreatesFirst,
    /// Ends that make room have no precondition.
    EvictsBlindly,
}
