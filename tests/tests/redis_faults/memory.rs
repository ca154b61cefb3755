//! The clients and their ledger, with the memory store, which has no faults.

use certsession_core::{MemoryStore, SessionManager};

use crate::load::Load;
use crate::verdict::Verdict;

#[test]
fn over_the_memory_store_nothing_fails_and_nothing_is_lost() {
    let load = Load::start(SessionManager::new(MemoryStore::new()));
    load.wait_for_requests(20_000);
    Verdict::on("the memory store", load).never_waits().assert();
}
