//! `certs-dev renew`: issues a later certificate with the same names.

use std::path::PathBuf;

use certs_dev::Error;

use crate::DEFAULT_DIR;

/// Renew a certificate: the same names, with a new key by default
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The certificate's name: the name of its file without .pem
    name: String,

    /// Keep the key
    #[arg(long)]
    same_key: bool,

    /// The folder with the certificate, ca.pem and ca.key
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR)]
    ca: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<PathBuf>, Error> {
    certs_dev::renew(&arguments.ca, &arguments.name, arguments.same_key)
}
