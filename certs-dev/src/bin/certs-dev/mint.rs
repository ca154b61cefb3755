//! `certs-dev mint`: everything that a first run needs.

use std::path::PathBuf;

use certs_dev::{Error, Pki};

use crate::{DEFAULT_DIR, overwrite};

/// Mint an authority, a server certificate for this machine, and the clients alice and bob
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder to write to
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR)]
    out: PathBuf,

    /// Replace existing files
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<PathBuf>, Error> {
    Pki::mint(&arguments.out, overwrite(arguments.force)).map(|pki| pki.files())
}
