//! What a configuration is made from: PEM and lists, in files and in memory.
//!
//! PEM is read and judged here, so that both stacks refuse the same file with the same words;
//! the stacks get DER.

mod client_ca;
mod crl;
mod identity;
mod pem;

use std::path::{Path, PathBuf};

use certsession_core::{CaCertificate, CrlReport, RevocationList, Timestamp};
use rustls_pki_types::CertificateDer;

use crate::error::MutualTlsError;

pub(crate) use client_ca::ClientCa;
pub(crate) use crl::{CrlSettings, log_problems, warn_overdue};
pub(crate) use identity::ServerIdentity;
pub(crate) use pem::PemSource;

/// Where everything comes from. Nothing is read until it is loaded, and then each time again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    /// The server's certificate chain, and its key.
    pub(crate) identity: Option<(PemSource, PemSource)>,
    pub(crate) client_cas: Vec<PemSource>,
    /// Certificates of CAs between client CAs and clients, for chains that come without them.
    pub(crate) intermediates: Vec<PemSource>,
    pub(crate) crl_files: Vec<PathBuf>,
    /// Whose lists count, although client certificates are not verified against them.
    pub(crate) crl_signers: Vec<PemSource>,
    pub(crate) crl_settings: CrlSettings,
    /// Where the lists of the files go.
    pub(crate) revocations: Option<RevocationList>,
}

/// What a reload replaces in a TLS configuration.
pub(crate) struct Parts {
    /// What only verifies chains has none.
    pub(crate) identity: Option<ServerIdentity>,
    /// None where the keys of clients are pinned.
    pub(crate) client_cas: Vec<ClientCa>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
}

impl Parts {
    /// The identity of a server, which has one.
    pub(crate) fn server_identity(&mut self) -> Result<ServerIdentity, MutualTlsError> {
        self.identity.take().ok_or(MutualTlsError::NoServerIdentity)
    }
}

impl Sources {
    /// Loads everything, the revocation lists too.
    pub(crate) fn load(&self, now: Timestamp) -> Result<Parts, MutualTlsError> {
        let parts = self.load_parts(now)?;
        if !self.crl_files.is_empty() {
            let (cas, list) = (
                self.list_cas(&client_ca::read(&self.client_cas)?)?,
                self.list()?,
            );
            for path in &self.crl_files {
                crl::load_first(path, &cas, &self.crl_settings, list, now)?;
            }
        }
        Ok(parts)
    }

    /// Loads the server's identity and the client CAs, as far as they are configured.
    pub(crate) fn load_parts(&self, now: Timestamp) -> Result<Parts, MutualTlsError> {
        let identity = self.identity.as_ref();
        let intermediates = client_ca::read(&self.intermediates)?;
        Ok(Parts {
            identity: identity
                .map(|(certificate, key)| ServerIdentity::load(certificate, key, now))
                .transpose()?,
            client_cas: match self.client_cas.is_empty() {
                true => Vec::new(),
                false => client_ca::load(&self.client_cas, now)?,
            },
            intermediates: intermediates.into_iter().map(|ca| ca.der).collect(),
        })
    }

    /// Loads a file of revocation lists again.
    pub(crate) fn load_crl(
        &self,
        path: &Path,
        now: Timestamp,
    ) -> Result<CrlReport, MutualTlsError> {
        let cas = self.list_cas(&client_ca::read(&self.client_cas)?)?;
        crl::load(path, &cas, &self.crl_settings, self.list()?, now)
    }

    /// The CAs whose lists count.
    fn list_cas(&self, client_cas: &[ClientCa]) -> Result<Vec<CaCertificate>, MutualTlsError> {
        let signers = client_ca::read(&self.crl_signers)?;
        let all = client_cas.iter().chain(&signers);
        Ok(all.map(|ca| ca.certificate.clone()).collect())
    }

    /// The files with the CAs that decide which lists count.
    pub(crate) fn list_ca_files(&self) -> impl Iterator<Item = PathBuf> {
        let signers = self.crl_signers.iter();
        let signers = signers.filter_map(|source| source.path().map(Path::to_owned));
        self.ca_files().chain(signers)
    }

    /// The files with the client CAs.
    pub(crate) fn ca_files(&self) -> impl Iterator<Item = PathBuf> {
        let cas = self.client_cas.iter();
        cas.filter_map(|source| source.path().map(Path::to_owned))
    }

    /// The files with the server's identity and the client CAs.
    pub(crate) fn part_files(&self) -> Vec<PathBuf> {
        let identity = self
            .identity
            .iter()
            .flat_map(|(first, second)| [first, second]);
        let others = identity.chain(&self.intermediates);
        let others = others.filter_map(|source| source.path().map(Path::to_owned));
        others.chain(self.ca_files()).collect()
    }

    fn list(&self) -> Result<&RevocationList, MutualTlsError> {
        self.revocations
            .as_ref()
            .ok_or(MutualTlsError::NoRevocations)
    }
}
