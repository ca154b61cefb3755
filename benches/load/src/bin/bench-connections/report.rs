//! The tables.

use std::fmt::Write;

use bench_load::{Fault, IN_FLIGHT};
use certsession_benches::describe_machine;

use crate::turn::Turn;
use crate::{CANDIDATES, CONNECTIONS};

pub(crate) fn write(turns: &[Turn]) -> Result<String, Fault> {
    let mut text = format!(
        "## Ten thousand open connections\n\n\
         `just bench-connections` wrote this, on: {}. Mutual TLS with rustls, HTTP/1.1 with \
         keep-alive; each connection has its own certificate and its own session (six keys, 500 \
         bytes). The server has one worker on the first core, Redis (over TCP) and the clients run \
         on the second. *bare* is actix-web over the same TLS without this project.\n\n",
        describe_machine(),
    );
    write_memory(&mut text, turns)?;
    write_cost(&mut text, turns)?;
    Ok(text)
}

fn write_memory(text: &mut String, turns: &[Turn]) -> Result<(), Fault> {
    text.push_str(
        "### Memory of the server, bytes per connection\n\n\
         The growth of the resident memory, divided by the connections. *Open*: the connection is \
         open, and the server has responded to one request without a session; the memory *above \
         bare* is the parsed certificate and the other data of the middleware for the connection. \
         *With a session*: the connection has begun a session and read it; with the memory store \
         the session with its binding and the store's indexes is included, with Redis it is not. \
         Memory that a server needs once, such as its store's tables and leftovers of a busier \
         moment, is divided among the connections too: with 1,000 it counts ten times as much as \
         with 10,000.\n\n\
         | connections | candidate | open | above bare | with a session | above bare | the session \
         |\n\
         |---:|---|---:|---:|---:|---:|---:|\n",
    );
    for (bare, turn) in beside_bare(turns, &CONNECTIONS[1..])? {
        writeln!(
            text,
            "| {} | {} | {:.0} | {} | {:.0} | {} | {} |",
            turn.connections,
            turn.candidate,
            turn.open,
            above(turn, bare, 0, |turn| turn.open),
            turn.with_session,
            above(turn, bare, 0, |turn| turn.with_session),
            above(turn, bare, 0, |turn| turn.with_session - turn.open),
        )?;
    }
    Ok(())
}

fn write_cost(text: &mut String, turns: &[Turn]) -> Result<(), Fault> {
    writeln!(
        text,
        "\n### Cost of a request\n\n\
         One key is read, over each connection in turn; {IN_FLIGHT} requests are in flight at a \
         time, regardless of the number of connections. Microseconds; *server* is the server's \
         processor time per request, including system calls. 10,000 connections hold more memory \
         than the processor's caches, so the memory of each must be fetched when its turn comes: \
         the share of TLS and HTTP is part of *bare*, the share of the middleware and its session \
         part of *above bare*.\n\n\
         | connections | candidate | requests/s | p50 | p99 | p99.9 | server | above bare |\n\
         |---:|---|---:|---:|---:|---:|---:|---:|"
    )?;
    for (bare, turn) in beside_bare(turns, &CONNECTIONS)? {
        let micros = |nanos: u64| nanos as f64 / 1e3;
        writeln!(
            text,
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {} |",
            turn.connections,
            turn.candidate,
            turn.cost.rate,
            micros(turn.cost.took.p50),
            micros(turn.cost.took.p99),
            micros(turn.cost.took.p999),
            turn.cost.server,
            above(turn, bare, 1, |turn| turn.cost.server),
        )?;
    }
    Ok(())
}

/// Every turn with this number of connections, with bare actix's turn with the same number before
/// it.
fn beside_bare<'a>(
    turns: &'a [Turn],
    connections: &[usize],
) -> Result<Vec<(&'a Turn, &'a Turn)>, Fault> {
    let find = |candidate, connections| {
        let mut found = turns.iter();
        found
            .find(|turn| turn.candidate == candidate && turn.connections == connections)
            .ok_or("a turn was not taken")
    };
    let mut pairs = Vec::new();
    for &connections in connections {
        for candidate in CANDIDATES {
            pairs.push((
                find(CANDIDATES[0], connections)?,
                find(candidate, connections)?,
            ));
        }
    }
    Ok(pairs)
}

/// The difference of a figure from bare actix's; empty for bare actix itself.
fn above(turn: &Turn, bare: &Turn, digits: usize, figure: fn(&Turn) -> f64) -> String {
    match turn.candidate == bare.candidate {
        true => String::new(),
        false => format!("{:.digits$}", figure(turn) - figure(bare)),
    }
}
