//! The table.

use std::fmt::Write;
use std::time::Duration;

use certsession_benches::{describe_machine, verdict};

use crate::contender::Contender;
use crate::{REVOKED, ROUNDS};

/// At least so many handshakes for the same processor time as the others: of bare rustls, of nginx.
const BUDGETS: [(Contender, f64); 2] = [(Contender::Rustls, 0.97), (Contender::Nginx, 2.0)];

/// One turn of a server.
pub(crate) struct Sample {
    contender: Contender,
    /// Handshakes a second.
    rate: f64,
    /// Microseconds of the server's processor for each.
    micros: f64,
}

impl Sample {
    pub(crate) fn new(contender: Contender, count: u64, wall: Duration, used: Duration) -> Self {
        let count = count as f64;
        Self {
            contender,
            rate: count / wall.as_secs_f64(),
            micros: 1e6 * used.as_secs_f64() / count,
        }
    }
}

pub(crate) fn write(samples: &[Sample]) -> String {
    let mut text = format!(
        "## Handshakes with a client certificate\n\n`just bench-handshakes` wrote this, on: {}. A \
         full handshake (TLS 1.3, ECDSA P-256) and one request on the connection, one core for the \
         server, {ROUNDS} turns of a second; medians, and the least and most of the processor time. \
         certsession has a revocation list of {} certificates loaded, the others have none. The \
         physical limit is the arithmetic of the two signatures, two chains and one key agreement, \
         which the TLS library does.\n\n\
         | server | handshakes a second | µs of the server's processor |\n|---|---:|---:|\n",
        describe_machine(),
        certsession_benches::grouped(REVOKED as usize),
    );
    for contender in Contender::ALL {
        let micros = sorted(samples, contender, |sample| sample.micros);
        let rates = sorted(samples, contender, |sample| sample.rate);
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} ({:.0} to {:.0}) |",
            contender.name(),
            rates[rates.len() / 2],
            micros[micros.len() / 2],
            micros[0],
            micros[micros.len() - 1],
        );
    }
    text.push_str("\n| handshakes for the same processor time | at least | measured | |\n|---|---:|---:|---|\n");
    let median = |contender| {
        let micros = sorted(samples, contender, |sample| sample.micros);
        micros[micros.len() / 2]
    };
    for (other, budget) in BUDGETS {
        let ratio = median(other) / median(Contender::Certsession);
        let verdict = verdict(ratio >= budget);
        let _ = writeln!(
            text,
            "| of {} | {budget:.2} | {ratio:.2} | {verdict} |",
            other.name()
        );
    }
    text
}

fn sorted(samples: &[Sample], contender: Contender, figure: fn(&Sample) -> f64) -> Vec<f64> {
    let of_it = samples
        .iter()
        .filter(|sample| sample.contender == contender);
    let mut figures: Vec<_> = of_it.map(figure).collect();
    figures.sort_by(f64::total_cmp);
    figures
}
