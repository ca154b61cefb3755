//! A complete session store: a folder with a file for each session. Sessions outlive the server, and
//! several servers on one machine can share them.
//!
//! Each step holds the lock of the folder and does what the contract says of it; the rules
//! themselves are in `Record::apply`, which every store shares. `tests/conformance.rs` runs the
//! contract's test suite over it.
//!
//! It is for a site with some hundred sessions: a list reads every file. An engine with an index
//! and with conditional writes does the same steps faster; `certsession-redis` is one.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certsession_core::{
    Admission, Commit, Creation, Cursor, Decision, Handle, Outcome, Owner, OwnerKey, Page, Record,
    Removal, SessionPage, SessionStore, SessionSummary, StoreError, StoreErrorKind, Timestamp,
};

/// A store in a folder.
#[derive(Debug)]
pub struct FolderStore {
    folder: PathBuf,
}

impl FolderStore {
    /// Opens a folder, and makes it if there is none: it is for this user alone.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> io::Result<Self> {
        let folder = folder.into();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)?;
        Ok(Self { folder })
    }

    /// Runs a step while no other runs, in this process or in another.
    ///
    /// It blocks the thread for as long as the disk takes. On a slow disk, run it by
    /// `tokio::task::spawn_blocking`.
    fn step<T>(&self, step: impl FnOnce(&Files) -> io::Result<T>) -> Result<T, StoreError> {
        let locked = || {
            let lock = File::create(self.folder.join("lock"))?;
            lock.lock()?;
            // Dropping `lock` releases it.
            step(&Files(&self.folder))
        };
        locked().map_err(|error| StoreError::with_source(StoreErrorKind::Unavailable, error))
    }
}

impl SessionStore for FolderStore {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        self.step(|files| {
            if files.live(record.handle(), now)?.is_some() {
                return Ok(Creation::Exists);
            }
            let Some(evicted) = files.excess(&record, admission, now)? else {
                return Ok(Creation::LimitReached);
            };
            files.write(&record)?;
            let evicted = files.remove_all(evicted)?;
            Ok(Creation::Created { evicted })
        })
    }

    async fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        self.step(|files| files.live(handle, now))
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        self.step(|files| {
            let now = commit.now();
            let Some(current) = files.live(commit.handle(), now)? else {
                return Ok(Outcome::Gone);
            };
            let (record, rotated) = match current.apply(&commit) {
                Decision::Apply { record, rotated } => (record, rotated),
                Decision::Stale => return Ok(Outcome::Stale),
                Decision::Gone => return Ok(Outcome::Gone),
                Decision::ValueChanged => return Ok(Outcome::ValueChanged { record: current }),
                Decision::TooLarge { size } => return Ok(Outcome::TooLarge { size }),
                _ => return Err(io::Error::other("this store is older than the rules")),
            };
            let Some(evicted) = files.excess(&record, commit.admission(), now)? else {
                return Ok(Outcome::LimitReached);
            };
            files.write(&record)?;
            let evicted = files.remove_all(evicted)?;
            Ok(Outcome::Applied {
                record,
                rotated,
                evicted,
            })
        })
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        self.step(|files| files.remove(handle))
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        self.step(|files| match files.read(loaded.handle())? {
            None => Ok(Removal::Gone),
            Some(current) if current.revision() != loaded.revision() => Ok(Removal::Changed),
            Some(_) => files.remove(loaded.handle()).map(|_| Removal::Removed),
        })
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        let members = self.step(|files| files.members(&owner.key(), Some(now)))?;
        Ok(page_of(members, page))
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        let (mut records, unreadable) = self.step(|files| files.all())?;
        records.retain(|record| !record.is_expired(now));
        let is_first = page.cursor().is_none();
        let named = if is_first { unreadable } else { Vec::new() };
        Ok(page_of(records, page).with_unreadable(named))
    }

    async fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        self.step(|files| {
            let members = files.members(&owner.key(), Some(now))?;
            let excess = match members.len() > most {
                true => members.len().saturating_sub(keep).min(256),
                false => 0,
            };
            files.remove_all(members[..excess].iter().map(Record::handle).collect())
        })
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.step(|files| {
            let members = files.members(&owner.key(), None)?;
            files.remove_all(members.iter().map(Record::handle).collect())
        })
    }
}

/// A page of these records, which are in the order of their places.
fn page_of(mut records: Vec<Record>, page: &Page) -> SessionPage {
    if let Some(after) = page.cursor() {
        records.retain(|record| place(record).as_slice() > after.as_bytes());
    }
    let has_more = records.len() > page.limit();
    records.truncate(page.limit());
    let next = records.last().filter(|_| has_more).map(place);
    let sessions = records.iter().map(SessionSummary::from).collect();
    SessionPage::new(sessions, next.and_then(|it| Cursor::new(&it)))
}

/// The place of a session in a list: as a cursor, and oldest first.
fn place(record: &Record) -> [u8; 8 + Handle::LENGTH] {
    let mut place = [0; 8 + Handle::LENGTH];
    place[..8].copy_from_slice(&record.created_at().as_millis().to_be_bytes());
    place[8..].copy_from_slice(record.handle().as_bytes());
    place
}

/// The files, while the folder is locked.
struct Files<'f>(&'f Path);

impl Files<'_> {
    fn path(&self, handle: Handle) -> PathBuf {
        let name: String = handle
            .as_bytes()
            .iter()
            .map(|it| format!("{it:02x}"))
            .collect();
        self.0.join(name)
    }

    fn read(&self, handle: Handle) -> io::Result<Option<Arc<Record>>> {
        match fs::read(self.path(handle)) {
            Ok(bytes) => match Record::decode(handle, &bytes) {
                Ok(record) => Ok(Some(Arc::new(record))),
                // Not `None`: a damaged session is not one that has ended.
                Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a record, and removes it if it has expired: it does not come back if a clock goes back.
    fn live(&self, handle: Handle, now: Timestamp) -> io::Result<Option<Arc<Record>>> {
        match self.read(handle)? {
            Some(record) if record.is_expired(now) => self.remove(handle).map(|_| None),
            found => Ok(found),
        }
    }

    /// The new file takes its place in one step: after a crash there is the old one or the new.
    fn write(&self, record: &Record) -> io::Result<()> {
        let new = self.0.join("new");
        fs::write(&new, record.encode())?;
        fs::rename(new, self.path(record.handle()))
    }

    fn remove(&self, handle: Handle) -> io::Result<bool> {
        match fs::remove_file(self.path(handle)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes these, and returns those that were there.
    fn remove_all(&self, handles: Vec<Handle>) -> io::Result<Vec<Handle>> {
        let mut removed = Vec::new();
        for handle in handles {
            if self.remove(handle)? {
                removed.push(handle);
            }
        }
        Ok(removed)
    }

    /// Every record, oldest first, and the handles of those that cannot be read.
    fn all(&self) -> io::Result<(Vec<Record>, Vec<Handle>)> {
        let (mut records, mut unreadable) = (Vec::new(), Vec::new());
        for entry in fs::read_dir(self.0)? {
            let name = entry?.file_name();
            let Some(handle) = name.to_str().and_then(handle_of) else {
                continue;
            };
            match self.read(handle) {
                Ok(found) => records.extend(found.map(Arc::unwrap_or_clone)),
                Err(error) if error.kind() == ErrorKind::InvalidData => unreadable.push(handle),
                Err(error) => return Err(error),
            }
        }
        records.sort_by_key(place);
        Ok((records, unreadable))
    }

    /// The records of an owner, oldest first; if `now` is there, without those that have expired.
    /// Fails if a record cannot be read: it may be one of the owner's.
    fn members(&self, owner: &OwnerKey, now: Option<Timestamp>) -> io::Result<Vec<Record>> {
        let (mut records, unreadable) = self.all()?;
        if !unreadable.is_empty() {
            return Err(ErrorKind::InvalidData.into());
        }
        let is_live = |record: &Record| now.is_none_or(|now| !record.is_expired(now));
        records.retain(|it| is_live(it) && it.owners().any(|key| key == *owner));
        Ok(records)
    }

    /// The sessions of a record's principal that have to end before it is admitted; `None` if it is
    /// refused.
    fn excess(
        &self,
        record: &Record,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> io::Result<Option<Vec<Handle>>> {
        let (Some(admission), Some(principal)) = (admission, record.principal()) else {
            return Ok(Some(Vec::new()));
        };
        let owner = Owner::Principal(principal.clone()).key();
        let members = self.members(&owner, Some(now))?;
        let others = members.iter().map(Record::handle);
        let mut others: Vec<_> = others.filter(|it| *it != record.handle()).collect();
        Ok(admission.excess(others.len()).map(|excess| {
            others.truncate(excess);
            others
        }))
    }
}

fn handle_of(name: &str) -> Option<Handle> {
    let digits: Option<Vec<u8>> = (0..name.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(name.get(at..at + 2)?, 16).ok())
        .collect();
    Some(Handle::from_bytes(digits?.try_into().ok()?))
}
