//! The Firestore emulator, which a test starts and breaks, and a proxy that sees each call.
//!
//! | file | purpose |
//! |---|---|
//! | `emulator` | [`Emulator`]: one of a test's own, killed, restarted and paused |
//! | `shared` | [`shared`]: one for all tests of a run |
//! | `program` | where the emulator is installed |
//! | `proxy` | [`CallProxy`]: counts calls, loses them, delays and refuses them |

mod emulator;
mod program;
mod proxy;
mod shared;

use std::sync::atomic::{AtomicUsize, Ordering};

pub use emulator::Emulator;
pub use proxy::{CallProxy, Fault};
pub use shared::shared;

/// The URL of a collection that no other test has, in the emulator on this port.
pub fn new_url(port: u16) -> String {
    url(port, &new_collection())
}

/// The URL of a collection in the emulator on this port.
pub fn url(port: u16, collection: &str) -> String {
    format!("firestore://test?collection={collection}&emulator=127.0.0.1:{port}")
}

/// A collection that no other test has.
pub fn new_collection() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("test-{}-{number}", std::process::id())
}
