//! `certs-dev`: mints development certificates from a shell. `--help` has the details.

mod issue;
mod mint;
mod renew;
mod revoke;
mod values;

use std::error::Error as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use certs_dev::{Error, PKCS12_PASSWORD};
use clap::{Parser, Subcommand};

/// The default folder for certificates, relative to the workspace's root; git ignores it.
const DEFAULT_DIR: &str = "certs-dev/out";

const FAILURE: u8 = 1;
/// The exit code that clap uses for invalid arguments.
const USAGE: u8 = 2;

/// Mints the certificates for developing certsession.
#[derive(Parser)]
#[command(name = "certs-dev")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Mint(mint::Arguments),
    Issue(issue::Arguments),
    Renew(renew::Arguments),
    Revoke(revoke::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Mint(arguments) => mint::run(&arguments),
        Command::Issue(arguments) => issue::run(&arguments),
        Command::Renew(arguments) => renew::run(&arguments),
        Command::Revoke(arguments) => revoke::run(&arguments),
    };
    match result {
        Ok(written) => report(&mut io::stdout().lock(), &written),
        Err(error) => fail(&mut io::stderr().lock(), &error),
    }
}

fn report(out: &mut impl Write, written: &[PathBuf]) -> ExitCode {
    let mut print = || {
        for path in written {
            writeln!(out, "wrote {}", path.display())?;
        }
        if !written
            .iter()
            .any(|path| path.extension().is_some_and(|kind| kind == "p12"))
        {
            return Ok(());
        }
        writeln!(
            out,
            "the .p12 files import into a browser; their password is {PKCS12_PASSWORD}"
        )
    };
    // The files are written even if the report cannot be printed.
    let _: io::Result<()> = print();
    ExitCode::SUCCESS
}

fn fail(out: &mut impl Write, error: &Error) -> ExitCode {
    let mut message = format!("error: {error}");
    let mut cause = error.source();
    while let Some(source) = cause {
        message.push_str(&format!("\n  because: {source}"));
        cause = source.source();
    }
    // If standard error is closed, there is no other place for the message.
    let _ = writeln!(out, "{message}");
    ExitCode::from(exit_code(error))
}

/// Distinguishes wrong usage from a failure.
fn exit_code(error: &Error) -> u8 {
    match error {
        Error::InvalidFileName { .. }
        | Error::InvalidName { .. }
        | Error::InvalidSerial { .. }
        | Error::InvalidDays { .. }
        | Error::InvalidTime { .. }
        | Error::EndsBeforeItBegins { .. } => USAGE,
        _ => FAILURE,
    }
}

fn overwrite(force: bool) -> certs_dev::Overwrite {
    if force {
        certs_dev::Overwrite::Force
    } else {
        certs_dev::Overwrite::Refuse
    }
}
