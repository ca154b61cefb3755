//! Writing to a folder: one process at a time, all files or none, and keys readable only by their
//! owner.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;

const LOCK: &str = ".lock";

/// The stem of the authority's file names.
pub(crate) const AUTHORITY_NAME: &str = "ca";

/// The stem of the revocation list's file name.
pub(crate) const CRL_NAME: &str = "crl";

/// What to do with existing files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Write nothing, and report the existing file.
    Refuse,
    /// Replace them.
    Force,
}

/// A file to be written.
pub(crate) struct NewFile {
    name: String,
    contents: Vec<u8>,
    secret: bool,
}

impl NewFile {
    pub(crate) fn public(name: String, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            name,
            contents: contents.into(),
            secret: false,
        }
    }

    pub(crate) fn secret(name: String, contents: impl Into<Vec<u8>>) -> Self {
        Self {
            secret: true,
            ..Self::public(name, contents)
        }
    }
}

/// A folder that this process has locked. No other process writes to it while this value exists.
///
/// The lock is the operating system's, so it is released when the process ends, for any reason.
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Creates the folder if necessary, and waits for the lock.
    pub(crate) fn lock(path: &Path) -> Result<Self, Error> {
        owner_only_folder()
            .create(path)
            .map_err(Error::io("make the folder", path))?;
        let lock_path = path.join(LOCK);
        let lock = owner_only_file()
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(Error::io("open", &lock_path))?;
        lock.lock().map_err(Error::io("lock", &lock_path))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is an entry with this name. A dangling link counts too, because it would be
    /// replaced.
    pub(crate) fn holds(&self, name: &str) -> bool {
        self.path.join(name).symlink_metadata().is_ok()
    }

    /// Writes all files under temporary names first, then renames them.
    pub(crate) fn write(
        &self,
        files: &[NewFile],
        overwrite: Overwrite,
    ) -> Result<Vec<PathBuf>, Error> {
        let taken = files.iter().find(|file| self.holds(&file.name));
        if let (Some(file), Overwrite::Refuse) = (taken, overwrite) {
            return Err(Error::AlreadyExists {
                path: self.path.join(&file.name),
            });
        }
        let staged = files
            .iter()
            .map(|file| Staged::write(&self.path, file))
            .collect::<Result<Vec<_>, _>>()?;
        staged.into_iter().map(Staged::publish).collect()
    }
}

/// A complete file that still has a temporary name.
struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    fn write(dir: &Path, file: &NewFile) -> Result<Self, Error> {
        let staged = Self {
            temporary: dir.join(format!(".{}.new", file.name)),
            target: dir.join(&file.name),
        };
        // First remove the leftovers of an interrupted run: an existing file keeps its permissions,
        // and only a new one is certain to be readable only by its owner.
        let _ = fs::remove_file(&staged.temporary);
        let mut options = if file.secret {
            owner_only_file()
        } else {
            OpenOptions::new()
        };
        options
            .write(true)
            .create_new(true)
            .open(&staged.temporary)
            .and_then(|mut new| new.write_all(&file.contents))
            .map_err(Error::io("write", &staged.temporary))?;
        Ok(staged)
    }

    fn publish(self) -> Result<PathBuf, Error> {
        fs::rename(&self.temporary, &self.target).map_err(Error::io("write", &self.target))?;
        Ok(self.target.clone())
    }
}

impl Drop for Staged {
    /// After a file was published, its temporary name no longer exists.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn owner_only_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    options.mode(0o600);
    options
}

fn owner_only_folder() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder
}
