//! `certs-dev issue`: issues any other certificate.

use std::path::{Path, PathBuf};

use certs_dev::{Authority, Error, LeafRequest, PrivateKey};

use crate::values::{self, Serial};
use crate::{DEFAULT_DIR, overwrite};

/// Issue one more certificate, for a client by default
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Common name, and name of the files
    #[arg(long)]
    name: String,

    /// Serial number, 1 to 20 bytes in hexadecimal [default: random]
    #[arg(long, value_name = "HEX", value_parser = values::serial)]
    serial: Option<Serial>,

    /// Validity in days [default: 365]
    #[arg(long, value_name = "N")]
    days: Option<u32>,

    /// Beginning of validity: 2026-01-31T12:00:00Z, or relative to now: -2d, +1h, -30m, -10s [default:
    /// -5m]
    #[arg(long, value_name = "TIME", value_parser = values::time, allow_hyphen_values = true)]
    not_before: Option<i64>,

    /// SPIFFE id; may be given more than once
    #[arg(long, value_name = "URI")]
    spiffe: Vec<String>,

    /// DNS name; may be given more than once
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,

    /// E-mail address; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,

    /// Use the key with this name, from --out or else from --ca, or this .key file
    #[arg(long, value_name = "NAME")]
    same_key_as: Option<String>,

    /// The folder that holds ca.pem and ca.key
    #[arg(long, value_name = "DIR", default_value = DEFAULT_DIR)]
    ca: PathBuf,

    /// The folder to write to [default: that of --ca]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Issue a server certificate for that name on this machine
    #[arg(long)]
    server: bool,

    /// Replace existing files
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<PathBuf>, Error> {
    let authority = Authority::load(&arguments.ca)?;
    let identity = authority.issue(&arguments.request()?)?;
    identity.write(arguments.out(), &arguments.name, overwrite(arguments.force))
}

impl Arguments {
    fn out(&self) -> &Path {
        self.out.as_deref().unwrap_or(&self.ca)
    }

    fn request(&self) -> Result<LeafRequest, Error> {
        let mut request = if self.server {
            LeafRequest::server(&self.name)
        } else {
            LeafRequest::client(&self.name)
        };
        if let Some(Serial(bytes)) = &self.serial {
            request = request.serial(bytes.as_slice());
        }
        if let Some(days) = self.days {
            request = request.days(days);
        }
        if let Some(unix_seconds) = self.not_before {
            request = request.not_before(unix_seconds);
        }
        if let Some(name) = &self.same_key_as {
            request = request.key(PrivateKey::load(self.key_path(name))?);
        }
        request = self.spiffe.iter().fold(request, LeafRequest::spiffe);
        request = self.dns.iter().fold(request, LeafRequest::dns);
        request = self.email.iter().fold(request, LeafRequest::email);
        Ok(request)
    }

    fn key_path(&self, name: &str) -> PathBuf {
        if name.ends_with(".key") {
            return PathBuf::from(name);
        }
        let file = format!("{name}.key");
        let beside = self.out().join(&file);
        if beside.exists() {
            beside
        } else {
            self.ca.join(file)
        }
    }
}
