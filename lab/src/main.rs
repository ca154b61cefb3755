//! The lab's command: `cargo run -p certsession-lab -- --help`.

mod table;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use certs_dev::{Overwrite, Pki};
use certsession_lab::{Case, Login, Server, Stack, Transport, cases};
use clap::{Parser, Subcommand};

/// Applications with planted session faults, for the scanner to find.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts a server and prints the scanner's configuration for it.
    Serve {
        /// flask, express, actix, php or tomcat.
        stack: String,
        /// The planted faults: `--bugs FIX-01,END-02`.
        #[arg(long, value_delimiter = ',')]
        bugs: Vec<String>,
        /// In which way it is odd: `--odd rotate`.
        #[arg(long, value_delimiter = ',')]
        odd: Vec<String>,
        /// Over HTTPS.
        #[arg(long)]
        tls: bool,
        /// Over HTTPS with client certificates.
        #[arg(long)]
        mtls: bool,
        /// Writes the configuration to a file.
        #[arg(long, value_name = "FILE", default_value = "scan.toml")]
        config: PathBuf,
    },
    /// Scans real applications, all without a name, and writes the table into docs/scanner.md.
    Applications { names: Vec<String> },
    /// Scans some cases by other tools as well, and writes the table into docs/scanner.md.
    Beside,
    /// Scans every case of some stacks, all without a name, and writes the tables into
    /// docs/scanner.md.
    Table { stacks: Vec<String> },
}

#[tokio::main]
async fn main() -> ExitCode {
    match carry_out(Arguments::parse().command).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "lab: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn carry_out(command: Command) -> Result<bool, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    Pki::mint(folder.path(), Overwrite::Refuse)?;
    match command {
        Command::Serve {
            stack,
            bugs,
            odd,
            tls,
            mtls,
            config,
        } => {
            let stack = named(&stack)?;
            let mut case = Case::clean(stack);
            // A case holds the flags of this package's own cases; these live as long as the
            // process.
            case.bugs = bugs.into_iter().map(|flag| &*flag.leak()).collect();
            case.odd = odd.into_iter().map(|flag| &*flag.leak()).collect();
            case.transport = match (mtls, tls) {
                (true, _) => Transport::MutualTls,
                (false, true) => Transport::Https,
                (false, false) => Transport::Http,
            };
            if case.odd.contains(&"bearer") {
                case.login = Login::Bearer;
            }
            let server = Server::start(&case, folder.path())?;
            std::fs::write(&config, case.configuration(server.port(), folder.path()))?;
            let ca = match case.transport {
                Transport::Http => String::new(),
                _ => format!(" --ca {}", folder.path().join("ca.pem").display()),
            };
            writeln!(
                io::stdout(),
                "{} listens on port {}; Ctrl-C ends it. Scan it from another shell:\n\
                 cargo run -p certsession-scan -- run {}{ca}",
                case.name(),
                server.port(),
                config.display()
            )?;
            server.join();
            Ok(true)
        }
        Command::Beside => table::write_beside(folder.path()).await,
        Command::Applications { names } => table::write_applications(&names).await,
        Command::Table { stacks } => {
            let stacks: Vec<Stack> = match stacks.is_empty() {
                true => Stack::ALL.to_vec(),
                false => stacks
                    .iter()
                    .map(|name| named(name))
                    .collect::<Result<_, _>>()?,
            };
            let all: Vec<Case> = stacks.into_iter().flat_map(cases).collect();
            table::write(&all, folder.path()).await
        }
    }
}

fn named(name: &str) -> Result<Stack, String> {
    Stack::ALL
        .into_iter()
        .find(|stack| stack.name() == name)
        .ok_or_else(|| format!("there is no {name}; there is flask, express, actix, php, tomcat"))
}
