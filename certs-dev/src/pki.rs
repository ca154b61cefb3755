//! A folder with everything that a first run needs.

use std::path::{Path, PathBuf};

use crate::authority::authority_certificate;
use crate::folder::Folder;
use crate::{Authority, Error, Identity, LeafRequest, Overwrite};

/// The files of a whole PKI.
const FILES: [&str; 10] = [
    "ca.pem",
    "ca.key",
    "server.pem",
    "server.key",
    "alice.p12",
    "alice.pem",
    "alice.key",
    "bob.p12",
    "bob.pem",
    "bob.key",
];

/// A folder that holds an authority, a certificate for a server on this machine, and the
/// clients alice and bob: `ca.pem`, `ca.key`, `server.pem`, `server.key`, and for each
/// client `.pem`, `.key` and, for browsers, `.p12`.
///
/// ```
/// use certs_dev::{LeafRequest, Pki};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let temporary = tempfile::tempdir()?;
/// # let dir = temporary.path();
/// let pki = Pki::ensure(dir)?;
/// let carol = pki.authority().issue(&LeafRequest::client("carol"))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pki {
    dir: PathBuf,
    authority: Authority,
    server: Identity,
    alice: Identity,
    bob: Identity,
}

impl Pki {
    /// Mints a new PKI into a folder, which is created if necessary, readable only by its owner.
    ///
    /// All files are complete before the first one gets its name. Processes that mint into one
    /// folder at the same time do so one after another.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if one of the files exists and `overwrite` does not allow replacing
    /// it; then none is written. [`Error::Io`] or [`Error::Crypto`] if minting fails.
    pub fn mint(dir: impl AsRef<Path>, overwrite: Overwrite) -> Result<Self, Error> {
        Self::mint_into(&Folder::lock(dir.as_ref())?, overwrite)
    }

    /// Opens the PKI in a folder, or mints one if there is none. Processes that do so at the same
    /// time all get the same PKI.
    ///
    /// # Errors
    ///
    /// [`Error::Incomplete`] if only some of the files exist, [`Error::NotValidNow`] if a
    /// certificate has expired, [`Error::KeyMismatch`] or [`Error::OtherAuthority`] if files do not
    /// belong together, [`Error::Unreadable`], [`Error::Io`] or [`Error::Crypto`] if a file cannot
    /// be used. Existing files are never replaced.
    pub fn ensure(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = Folder::lock(dir.as_ref())?;
        let missing: Vec<_> = FILES.iter().filter(|name| !folder.holds(name)).collect();
        match missing.first() {
            None => Self::open(folder.path()),
            Some(_) if missing.len() == FILES.len() => Self::mint_into(&folder, Overwrite::Refuse),
            Some(name) => Err(Error::Incomplete {
                dir: folder.path().to_owned(),
                missing: folder.path().join(name),
            }),
        }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The paths of all files of the PKI.
    pub fn files(&self) -> Vec<PathBuf> {
        FILES.iter().map(|name| self.dir.join(name)).collect()
    }

    /// The path of the certificate with this name: "ca", "server", "alice", "bob", or one that was
    /// issued into this folder.
    pub fn certificate_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.pem"))
    }

    /// The path of the key with this name.
    pub fn key_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.key"))
    }

    /// The path of this client's PKCS#12 file.
    pub fn pkcs12_path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.p12"))
    }

    /// The authority that issued the others.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The server certificate, for localhost, 127.0.0.1 and ::1.
    pub fn server(&self) -> &Identity {
        &self.server
    }

    /// The client alice.
    pub fn alice(&self) -> &Identity {
        &self.alice
    }

    /// The client bob.
    pub fn bob(&self) -> &Identity {
        &self.bob
    }

    fn mint_into(folder: &Folder, overwrite: Overwrite) -> Result<Self, Error> {
        let authority = Authority::new("certsession development CA")?;
        let server = authority.issue(&LeafRequest::server("localhost"))?;
        let alice = authority.issue(&LeafRequest::client("alice"))?;
        let bob = authority.issue(&LeafRequest::client("bob"))?;

        // The authority first and a key last: if a run that replaces files is interrupted, the
        // files do not match, and `open` detects it.
        let mut files = authority.files();
        files.extend(server.pem_files("server"));
        files.push(alice.pkcs12_file("alice")?);
        files.extend(alice.pem_files("alice"));
        files.push(bob.pkcs12_file("bob")?);
        files.extend(bob.pem_files("bob"));
        folder.write(&files, overwrite)?;

        Ok(Self {
            dir: folder.path().to_owned(),
            authority,
            server,
            alice,
            bob,
        })
    }

    fn open(dir: &Path) -> Result<Self, Error> {
        let authority = Authority::load(dir)?;
        let leaf = |name| {
            let (file, key) = Identity::load_pair(dir, name)?;
            file.check_validity()?;
            file.check_signed_by(authority.key(), &authority_certificate(dir))?;
            Ok(Identity::new(file.into_certificate(), key))
        };
        Ok(Self {
            dir: dir.to_owned(),
            server: leaf("server")?,
            alice: leaf("alice")?,
            bob: leaf("bob")?,
            authority,
        })
    }
}
