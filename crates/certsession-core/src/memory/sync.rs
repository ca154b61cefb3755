//! The lock. Under `--cfg loom` it is the model checker's lock, which tries every order in which
//! threads can take it.

use std::sync::PoisonError;

#[cfg(loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(super) use std::sync::{Mutex, MutexGuard};

/// Takes a lock, ignoring poison. No code panics while it holds one. Should that ever happen, the
/// locked data is still a valid map, and refusing every later request of a shard would be worse.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
