//! The tables.

use std::fmt::Write;

use bench_load::{Fault, IN_FLIGHT};
use certsession_benches::describe_machine;

use crate::turn::Turn;
use crate::{CONNECTIONS, CONTENDERS};

pub(crate) fn write(turns: &[Turn]) -> Result<String, Fault> {
    let mut text = format!(
        "## Ten thousand open connections\n\n\
         `just bench-connections` wrote this, on: {}. Mutual TLS by rustls, HTTP/1.1 kept alive; \
         each connection has a certificate and a session (six keys, 500 bytes) of its own. The \
         server has one worker on the first core, Redis (by TCP) and the clients have the second. \
         *bare* is actix-web over the same TLS without anything of this project.\n\n",
        describe_machine(),
    );
    write_memory(&mut text, turns)?;
    write_cost(&mut text, turns)?;
    Ok(text)
}

fn write_memory(text: &mut String, turns: &[Turn]) -> Result<(), Fault> {
    text.push_str(
        "### Memory of the server, bytes per connection\n\n\
         By how much the resident memory grew, divided by the connections. *Open*: the connection \
         is open, and one request was answered that has nothing to do with sessions; what there is \
         *above bare* is the parsed certificate and whatever else the middleware keeps for the \
         connection. *With a session*: it has begun one and read it; in memory the session with \
         its binding and the store's indexes is in it, in Redis it is not. \
         What a server has once, such as its store's tables and the traces of a busier moment, is \
         divided among the connections too: with 1,000 it weighs ten times as much as with \
         10,000.\n\n\
         | connections | candidate | open | above bare | with a session | above bare | the session |\n\
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
         One key is read, over each connection in turn; {IN_FLIGHT} requests are under way at a \
         time, however many connections are open. Microseconds; *server* is the server's processor \
         for each request, system calls included. 10,000 connections hold more memory than the \
         processor's caches, so each has to be fetched when its turn comes: what TLS and HTTP have \
         of it shows in *bare*, what the middleware and its session have in *above bare*.\n\n\
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

/// Every turn of so many connections, with bare actix's turn of as many before it.
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
        for candidate in CONTENDERS {
            pairs.push((
                find(CONTENDERS[0], connections)?,
                find(candidate, connections)?,
            ));
        }
    }
    Ok(pairs)
}

/// By how much a figure is above bare actix's; nothing for bare actix itself.
fn above(turn: &Turn, bare: &Turn, digits: usize, figure: fn(&Turn) -> f64) -> String {
    match turn.candidate == bare.candidate {
        true => String::new(),
        false => format!("{:.digits$}", figure(turn) - figure(bare)),
    }
}
