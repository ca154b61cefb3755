//! `certs-dev revoke`: adds a certificate to the authority's list.

use std::path::PathBuf;

use certs_dev::Error;

use crate::DEFAULT_DIR;

/// Revoke a certificate: add it to crl.pem, which keeps its existing entries
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The certificate's name: the name of its file without .pem
    name: String,

    /// The folder with the certificate, ca.pem and ca.key
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR)]
    ca: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<PathBuf>, Error> {
    certs_dev::revoke(&arguments.ca, &arguments.name)
}
