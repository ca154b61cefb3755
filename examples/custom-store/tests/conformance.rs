//! The contract's test suite over the store: one test for each clause.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use certsession_core::conformance::Harness;
use custom_store::FolderStore;
use tempfile::TempDir;

struct Folder(TempDir);

impl Default for Folder {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Harness for Folder {
    type Store = FolderStore;

    async fn store(&self) -> FolderStore {
        // Each store of a clause has a folder of its own.
        let folder = tempfile::tempdir_in(self.0.path()).unwrap().keep();
        FolderStore::open(folder).unwrap()
    }
}

certsession_core::conformance_suite!(Folder);
