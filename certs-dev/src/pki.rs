//! A folder with everything that a first run needs.

use std::path::{Path, PathBuf};

use crate::authority::authority_certificate;
use crate::folder::Folder;
use crate::{Authority, Error, Identity, LeafRequest, Overwrite};

/// The files of a whole PKI.
const FILES: [&str; 8] = [
    "ca.pem",
    "ca.key",
    "server.pem",
    "server.key",
    "alice.pem",
    "alice.key",
    "bob.pem",
    "bob.key",
];

/// For browsers. They hold what other files hold too.
const BROWSER_FILES: [&str; 2] = ["alice.p12", "bob.p12"];

/// A folder that holds an authority, a certificate for a server on this machine, and the
/// clients alice and bob: `ca.pem`, `ca.key`, `server.pem`, `server.key`, and for each
/// client `.pem`, `.key` and, with the feature `pkcs12`, `.p12` for browsers.
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
    /// be used. Existing files are never replaced; a missing `.p12` is written again.
    pub fn ensure(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let folder = Folder::lock(dir.as_ref())?;
        let missing: Vec<_> = FILES.iter().filter(|name| !folder.holds(name)).collect();
        match missing.first() {
            None => Self::open(&folder),
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
        let for_browsers = match cfg!(feature = "pkcs12") {
            true => &BROWSER_FILES[..],
            false => &[],
        };
        let names = FILES.iter().chain(for_browsers);
        names.map(|name| self.dir.join(name)).collect()
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
    #[cfg(feature = "pkcs12")]
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
        for (name, client) in [("alice", &alice), ("bob", &bob)] {
            files.extend(client.browser_file(name)?);
            files.extend(client.pem_files(name));
        }
        folder.write(&files, overwrite)?;

        Ok(Self {
            dir: folder.path().to_owned(),
            authority,
            server,
            alice,
            bob,
        })
    }

    fn open(folder: &Folder) -> Result<Self, Error> {
        let dir = folder.path();
        let authority = Authority::load(dir)?;
        let leaf = |name| {
            let (file, key) = Identity::load_pair(dir, name)?;
            file.check_validity()?;
            file.check_signed_by(authority.key(), &authority_certificate(dir))?;
            Ok(Identity::new(file.into_certificate(), key))
        };
        let (server, alice, bob) = (leaf("server")?, leaf("alice")?, leaf("bob")?);
        // A program without the feature `pkcs12` has minted the others.
        for ((name, client), file) in [("alice", &alice), ("bob", &bob)].iter().zip(BROWSER_FILES) {
            if !folder.holds(file) {
                let new: Vec<_> = client.browser_file(name)?.into_iter().collect();
                folder.write(&new, Overwrite::Refuse)?;
            }
        }
        Ok(Self {
            dir: dir.to_owned(),
            authority,
            server,
            alice,
            bob,
        })
    }
}
