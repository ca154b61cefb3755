//! The command line.

use std::path::PathBuf;

use certsession_scan::{Format, Options};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds faults in the session lifecycle of a web application, and proves them.
///
/// Exit codes: 0 clean, 1 findings, 2 usage, 3 inconclusive.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Scans.
    Run(RunArguments),
    /// Calibrates the oracle and says which checks the configuration leaves out.
    Check(TargetArguments),
    /// Writes a configuration for a start, from a sign-in page or from a recording.
    Init(InitArguments),
    /// Lists the checks.
    Checks,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The form of the report on the standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: FormatName,

    /// Writes the report in another form as well: `--also sarif=scan.sarif`. May be repeated.
    #[arg(long, value_name = "FORMAT=FILE", value_parser = also)]
    pub(crate) also: Vec<(FormatName, PathBuf)>,

    /// Known findings, which do not fail the scan.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// Writes all findings as known ones.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,

    /// Shows no progress.
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TargetArguments {
    /// The configuration.
    #[arg(value_name = "SCAN.TOML")]
    pub(crate) config: PathBuf,

    /// The authority of the target's certificate, or that certificate itself, as PEM.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Allows a host that is not this machine. May be repeated.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,

    /// Runs only these checks or families: `--only FIX,END-01`.
    #[arg(long, value_name = "CHECKS", value_delimiter = ',')]
    only: Vec<String>,

    /// Leaves these checks or families out.
    #[arg(long, value_name = "CHECKS", value_delimiter = ',')]
    skip: Vec<String>,

    /// Waits for the time-outs of [policy] (EXP-01, EXP-02).
    #[arg(long)]
    timeouts: bool,

    /// Leaves the races out, which run where the configuration has [step.slow].
    #[arg(long)]
    no_races: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// The page with the sign-in form.
    #[arg(value_name = "URL")]
    pub(crate) url: Option<String>,

    /// A recording of a sign-in, as browsers save it.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub(crate) har: Option<PathBuf>,

    /// Writes to a file, which must not be there yet.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The authority of the target's certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Allows a host that is not this machine.
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum FormatName {
    Text,
    Json,
    Sarif,
    Junit,
    Html,
}

impl FormatName {
    pub(crate) fn format(self) -> Format {
        match self {
            Self::Text => Format::Text,
            Self::Json => Format::Json,
            Self::Sarif => Format::Sarif,
            Self::Junit => Format::Junit,
            Self::Html => Format::Html,
        }
    }
}

impl TargetArguments {
    pub(crate) fn options(&self) -> Options {
        Options {
            ca: self.ca.clone(),
            allowed_hosts: self.allow_host.clone(),
            only: self.only.clone(),
            skip: self.skip.clone(),
            timeouts: self.timeouts,
            races: !self.no_races,
        }
    }
}

fn also(text: &str) -> Result<(FormatName, PathBuf), String> {
    let (format, file) = text
        .split_once('=')
        .ok_or("write a form and a file: sarif=scan.sarif")?;
    let format = FormatName::from_str(format, true)?;
    Ok((format, PathBuf::from(file)))
}
