//! The command: `certsession-scan --help`.

mod arguments;
mod progress;

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use certsession_scan::{Baseline, Config, Format, Options, Report};
use clap::Parser;
use tokio::sync::watch;

use arguments::{Arguments, Command, FormatName, RunArguments};
use progress::{Bar, Lines};

/// The exit codes: 0 clean, 1 findings, 2 usage, 3 inconclusive.
const USAGE: u8 = 2;
const INCONCLUSIVE: u8 = 3;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return match error.use_stderr() {
                true => ExitCode::from(USAGE),
                false => ExitCode::SUCCESS,
            };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("the runtime does not start: {error}")),
    };
    let code = runtime.block_on(carry_out(arguments));
    // A connection that hangs does not keep the process.
    runtime.shutdown_background();
    code
}

async fn carry_out(arguments: Arguments) -> ExitCode {
    let interrupted = on_interrupt();
    match arguments.command {
        Command::Run(arguments) => run(arguments, interrupted).await,
        Command::Check(arguments) => {
            check(&arguments.config, &arguments.options(), interrupted).await
        }
        Command::Init(arguments) => init(arguments).await,
        Command::Checks => checks(),
    }
}

async fn run(arguments: RunArguments, interrupted: watch::Receiver<bool>) -> ExitCode {
    let options = arguments.target.options();
    let config = match Config::load(&arguments.target.config) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string()),
    };
    let baseline = match &arguments.baseline {
        Some(file) => match Baseline::load(file) {
            Ok(baseline) => Some(baseline),
            Err(error) => return fail(&error),
        },
        None => None,
    };
    let scanned = match io::stderr().is_terminal() && !arguments.quiet {
        true => certsession_scan::run(config, &options, &Bar::new(), interrupted).await,
        false => {
            let lines = Lines::new(!arguments.quiet);
            certsession_scan::run(config, &options, &lines, interrupted).await
        }
    };
    let mut report = match scanned {
        Ok(report) => report,
        Err(error) => return fail(&error.to_string()),
    };
    if let Some(baseline) = baseline {
        baseline.mark(&mut report);
    }
    if let Some(file) = &arguments.write_baseline
        && let Err(error) = write_file(file, &Baseline::of(&report).render())
    {
        return fail(&error);
    }
    for (format, file) in &arguments.also {
        if let Err(error) = write_file(file, &report.render(format.format())) {
            return fail(&error);
        }
    }
    print(&report, arguments.format)
}

fn print(report: &Report, format: FormatName) -> ExitCode {
    let format: Format = format.format();
    // A reader that has gone away is no fault of the scan.
    let _ = io::stdout().write_all(report.render(format).as_bytes());
    ExitCode::from(report.exit_code())
}

async fn check(file: &Path, options: &Options, interrupted: watch::Receiver<bool>) -> ExitCode {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string()),
    };
    let readiness = match certsession_scan::check(config, options, interrupted).await {
        Ok(readiness) => readiness,
        Err(error) => return fail(&error.to_string()),
    };
    let mut out = io::stdout();
    for note in &readiness.notes {
        let _ = writeln!(out, "{note}");
    }
    match readiness.calibrated {
        Ok(()) => {
            let _ = writeln!(out, "ready: whoami tells who is signed in");
            ExitCode::SUCCESS
        }
        Err(why) => {
            let _ = writeln!(out, "not ready: {why}");
            ExitCode::from(INCONCLUSIVE)
        }
    }
}

async fn init(arguments: arguments::InitArguments) -> ExitCode {
    let text = match (&arguments.url, &arguments.har) {
        (Some(url), None) => {
            certsession_scan::from_url(url, arguments.ca.as_deref(), &arguments.allow_host).await
        }
        (None, Some(har)) => certsession_scan::from_har(har),
        _ => return fail("init takes a URL, or --har FILE"),
    };
    match text {
        Ok(text) => match arguments.output {
            Some(file) if file.exists() => fail(&format!("{} is there already", file.display())),
            Some(file) => match write_file(&file, &text) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&error),
            },
            None => {
                let _ = io::stdout().write_all(text.as_bytes());
                ExitCode::SUCCESS
            }
        },
        Err(error) => fail(&error.to_string()),
    }
}

fn checks() -> ExitCode {
    let mut out = io::stdout();
    for entry in certsession_scan::entries() {
        let _ = writeln!(
            out,
            "{:8} {:6} {:12} {:8} CWE-{:<5} {}",
            entry.id,
            entry.severity.as_str(),
            entry.wstg,
            entry.asvs,
            entry.cwe,
            entry.title
        );
    }
    ExitCode::SUCCESS
}

/// Becomes true with Ctrl-C. A second one ends the process at once.
fn on_interrupt() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            let _ = writeln!(
                io::stderr(),
                "interrupted; the report has what was found so far"
            );
            let _ = sender.send(true);
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
            }
        }
        // The sender lives on, so that receivers wait and do not fail.
        std::future::pending::<()>().await;
        drop(sender);
    });
    receiver
}

fn write_file(file: &Path, content: &str) -> Result<(), String> {
    std::fs::write(file, content)
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

fn fail(message: &str) -> ExitCode {
    let _ = writeln!(io::stderr(), "certsession-scan: {message}");
    ExitCode::from(USAGE)
}
