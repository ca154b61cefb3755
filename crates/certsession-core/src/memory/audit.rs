//! Checks that the index and the records agree, for tests (feature `test-util`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::owners::Place;
use super::{MemoryStore, sync};
use crate::record::Record;
use crate::store::OwnerKey;

impl MemoryStore {
    /// Reports where the index and the records disagree, expired records included: an entry without
    /// a record, a record missing in an owner's index, a wrong count. Call it only while no other
    /// operation runs, because operations in progress would be seen half done.
    ///
    /// # Errors
    ///
    /// The first disagreement, as text.
    pub fn audit(&self) -> Result<(), String> {
        let records = self.all_records();
        if records.len() != self.len() {
            return Err(format!("{} records, counted {}", records.len(), self.len()));
        }
        let bytes: usize = records.iter().map(|record| record.kept_size()).sum();
        if bytes != self.data_len() {
            return Err(format!(
                "{bytes} bytes of data, counted {}",
                self.data_len()
            ));
        }
        let belongs: BTreeSet<(OwnerKey, Place)> = records
            .iter()
            .flat_map(|record| record.owners().map(|key| (key, Place::from(&**record))))
            .collect();
        let indexed: BTreeSet<(OwnerKey, Place)> = self.owners.entries().into_iter().collect();
        match (
            belongs.difference(&indexed).next(),
            indexed.difference(&belongs).next(),
        ) {
            (None, None) => Ok(()),
            (Some((_, Place { handle, .. })), _) => {
                Err(format!("{handle} is missing in an owner's index"))
            }
            (_, Some((_, Place { handle, .. }))) => Err(format!(
                "{handle} is in the index of an owner that it does not have, or in another place"
            )),
        }
    }

    fn all_records(&self) -> Vec<Arc<Record>> {
        let mut records = Vec::new();
        for shard in &self.shards {
            records.extend(sync::lock(shard).records().cloned());
        }
        records
    }
}
