//! Helpers that several tests need.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use certs_dev::{Authority, Identity, LeafRequest};
use x509_cert::der::Decode;

/// Parses a certificate with another library than the one that wrote it.
pub(crate) fn parse(der: &[u8]) -> x509_cert::TbsCertificate {
    x509_cert::Certificate::from_der(der)
        .unwrap()
        .tbs_certificate()
        .clone()
}

/// Issues a certificate from a new authority.
pub(crate) fn issue(request: &LeafRequest) -> Identity {
    Authority::new("test CA").unwrap().issue(request).unwrap()
}

/// Runs OpenSSL's command and returns its output; the test fails if OpenSSL fails.
pub(crate) fn openssl(arguments: &[&str], dir: &Path) -> String {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(dir)
        .output()
        .expect("the openssl command is installed");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the command `certs-dev` in a folder.
pub(crate) fn certs_dev(arguments: &[&str], dir: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_certs-dev"))
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap()
}

/// Like [`certs_dev`], for a run that must succeed.
pub(crate) fn certs_dev_succeeds(arguments: &[&str], dir: &Path) -> String {
    let output = certs_dev(arguments, dir);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// All files of a folder, except hidden ones.
pub(crate) fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                path,
            )
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

/// The permission bits of a file or folder.
#[cfg(unix)]
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
