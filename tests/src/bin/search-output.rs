//! Searches the suite's output for the secrets that the tests have seen: `search-output OUTPUT
//! LEDGER`. Fails if it finds one, and also if it could not have found one.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::process::ExitCode;

use certsession_tests::search::search;

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    let [output, ledger] = &arguments[..] else {
        let _ = writeln!(io::stderr(), "usage: search-output OUTPUT LEDGER");
        return ExitCode::from(2);
    };
    match run(output.as_ref(), ledger.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "search-output: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(output: &std::path::Path, ledger: &std::path::Path) -> Result<(), Box<dyn Error>> {
    let named = |path: &std::path::Path| {
        let path = path.display().to_string();
        move |error: io::Error| format!("{path}: {error}")
    };
    let printed = fs::read(output).map_err(named(output))?;
    let secrets = fs::read_to_string(ledger).map_err(named(ledger))?;
    let searched = search(&printed, &secrets)?;
    writeln!(
        io::stdout(),
        "none of {} tokens and no secret value is in the {} MB of the suite's output",
        searched.tokens,
        searched.bytes.div_ceil(1_000_000)
    )?;
    Ok(())
}
