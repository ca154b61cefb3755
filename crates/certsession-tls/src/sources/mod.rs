//! What a configuration is made from: PEM and lists, in files and in memory.
//!
//! PEM is read and judged here, so that both stacks refuse the same file with the same words;
//! the stacks get DER.

mod client_ca;
mod crl;
mod identity;
mod pem;

use std::path::{Path, PathBuf};

use certsession_core::{CaCertificate, CrlReport, CrlStatus, RevocationList, Timestamp};
use rustls_pki_types::CertificateDer;

use crate::error::MutualTlsError;

pub(crate) use client_ca::ClientCa;
pub(crate) use crl::{CrlSettings, log_problems};
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
    /// The client CAs whose revocation lists count: those that have expired as well.
    pub(crate) list_cas: Vec<CaCertificate>,
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
}

impl Parts {
    /// The identity of a server, which has one.
    pub(crate) fn server_identity(&mut self) -> Result<ServerIdentity, MutualTlsError> {
        self.identity.take().ok_or(MutualTlsError::NoServerIdentity)
    }
}

impl Sources {
    /// Loads the server's identity and the client CAs, as far as they are configured.
    pub(crate) fn load_parts(&self, now: Timestamp) -> Result<Parts, MutualTlsError> {
        let identity = self.identity.as_ref();
        let intermediates = client_ca::read(&self.intermediates)?;
        let identity = identity
            .map(|(certificate, key)| ServerIdentity::load(certificate, key, now))
            .transpose()?;
        let client_cas = client_ca::read(&self.client_cas)?;
        Ok(Parts {
            identity,
            list_cas: certificates(&client_cas),
            client_cas: match self.client_cas.is_empty() {
                true => Vec::new(),
                false => client_ca::trusted(client_cas, now)?,
            },
            intermediates: intermediates.into_iter().map(|ca| ca.der).collect(),
        })
    }

    /// Loads the certificates of CAs whose lists count although no client is verified against them.
    pub(crate) fn load_signers(&self) -> Result<Vec<CaCertificate>, MutualTlsError> {
        match self.crl_files.is_empty() {
            true => Ok(Vec::new()),
            false => Ok(certificates(&client_ca::read(&self.crl_signers)?)),
        }
    }

    /// Loads the revocation lists for the first time.
    pub(crate) fn load_first_crls(
        &self,
        cas: &[CaCertificate],
        now: Timestamp,
    ) -> Result<(), MutualTlsError> {
        if self.crl_files.is_empty() {
            return Ok(());
        }
        crl::load_first(&self.crl_files, cas, &self.crl_settings, self.list()?, now)
    }

    /// Loads a file of revocation lists again, of which those count that these CAs have signed.
    pub(crate) fn load_crl(
        &self,
        path: &Path,
        cas: &[CaCertificate],
        now: Timestamp,
    ) -> Result<CrlReport, MutualTlsError> {
        crl::load(path, cas, &self.crl_settings, self.list()?, now)
    }

    /// The revocation lists of the files that are overdue.
    pub(crate) fn overdue_crls(&self, now: Timestamp) -> Vec<CrlStatus> {
        let list = self.revocations.iter();
        let list = list.filter(|_| !self.crl_files.is_empty());
        let lists = list.flat_map(RevocationList::lists);
        lists.filter(|list| list.is_overdue(now)).collect()
    }

    /// The files with the certificates of CAs whose lists alone count.
    pub(crate) fn signer_files(&self) -> Vec<PathBuf> {
        paths(&self.crl_signers).collect()
    }

    /// The files with the server's identity and the client CAs.
    pub(crate) fn part_files(&self) -> Vec<PathBuf> {
        let identity = self
            .identity
            .iter()
            .flat_map(|(first, second)| [first, second]);
        paths(identity.chain(&self.intermediates).chain(&self.client_cas)).collect()
    }

    fn list(&self) -> Result<&RevocationList, MutualTlsError> {
        self.revocations
            .as_ref()
            .ok_or(MutualTlsError::NoRevocations)
    }
}

fn paths<'s>(sources: impl IntoIterator<Item = &'s PemSource>) -> impl Iterator<Item = PathBuf> {
    let sources = sources.into_iter();
    sources.filter_map(|source| source.path().map(Path::to_owned))
}

fn certificates(cas: &[ClientCa]) -> Vec<CaCertificate> {
    cas.iter().map(|ca| ca.certificate.clone()).collect()
}
