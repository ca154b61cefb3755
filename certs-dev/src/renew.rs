//! The renewal of a certificate: the same names, later dates, another serial number.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use x509_cert::der::oid::db::rfc5280::ID_KP_SERVER_AUTH;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};

use crate::alt_name::AltName;
use crate::certificate::CertificateFile;
use crate::validity::unix_now;
use crate::{Authority, Error, Identity, LeafRequest, Overwrite};

/// Renews the certificate `NAME.pem` of a folder, with the same key or a new one, and replaces the
/// certificate, its key and its `.p12`. The new certificate begins later than the old one, at least
/// by a second, so that it is the newer of the two.
///
/// # Errors
///
/// As [`Identity::load`], [`Authority::load`], [`Authority::issue`] and [`Identity::write`].
pub fn renew(dir: impl AsRef<Path>, name: &str, same_key: bool) -> Result<Vec<PathBuf>, Error> {
    let dir = dir.as_ref();
    let authority = Authority::load(dir)?;
    let (file, key) = Identity::load_pair(dir, name)?;
    let mut request = request(name, &file)?;
    if same_key {
        request = request.key(key);
    }
    authority
        .issue(&request)?
        .write(dir, name, Overwrite::Force)
}

fn request(name: &str, file: &CertificateFile) -> Result<LeafRequest, Error> {
    let certificate = file.parsed().tbs_certificate();
    let unreadable = || Error::unreadable::<x509_cert::der::Error>("certificate", file.path());
    let usage = certificate.get_extension::<ExtendedKeyUsage>();
    let usage = usage.map_err(unreadable())?;
    let names = certificate.get_extension::<SubjectAltName>();
    let names = names.map_err(unreadable())?;

    let is_server = usage.is_some_and(|(_, usage)| usage.0.contains(&ID_KP_SERVER_AUTH));
    let mut request = match is_server {
        true => LeafRequest::server(name),
        false => LeafRequest::client(name),
    };
    request.set_alt_names(
        names
            .iter()
            .flat_map(|(_, names)| &names.0)
            .filter_map(alt_name),
    );
    let began = certificate
        .validity()
        .not_before
        .to_unix_duration()
        .as_secs();
    let began = i64::try_from(began).unwrap_or(i64::MAX);
    // Begin five minutes ago, like other certificates, for clocks that are slow; but after the old
    // certificate.
    Ok(request.not_before((unix_now() - 5 * 60).max(began.saturating_add(1))))
}

/// The kinds of names that this package issues.
fn alt_name(name: &GeneralName) -> Option<AltName> {
    Some(match name {
        GeneralName::DnsName(name) => AltName::Dns(name.as_str().into()),
        GeneralName::Rfc822Name(address) => AltName::Email(address.as_str().into()),
        GeneralName::UniformResourceIdentifier(uri) => AltName::Uri(uri.as_str().into()),
        GeneralName::IpAddress(address) => AltName::Ip(match address.as_bytes() {
            bytes @ [_, _, _, _] => IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?),
            bytes => IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?),
        }),
        _ => return None,
    })
}
