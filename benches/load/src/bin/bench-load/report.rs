//! The tables.

use std::fmt::Write;

use certsession_benches::describe_machine;

use crate::budget::{ASIDE, BUDGET, CONNECTED, Line};
use crate::databases::has_database;
use crate::load::{Figures, Workload};
use crate::rounds::{CANDIDATES, Plan, Rounds, median};

pub(crate) fn write(plan: &Plan, rounds: &Rounds, [redis, valkey]: &[String; 2]) -> String {
    let mut text = format!(
        "## Comparison with other frameworks, over mutual TLS\n\n\
         `{}` wrote this, on: {}. TLS with rustls, HTTP/1.1 with keep-alive; each client has its \
         own certificate and its own session of six keys (500 bytes). The server runs on the first \
         core, the databases (over TCP) and the clients on the second: Redis {redis}, Valkey {valkey}, a \
         cluster of three masters of Redis with a replica each, and the Firestore emulator, \
         whose own time says nothing about Firestore's. There are {} rounds with 16 \
         connections, {} with one and {} with 64; in each round the candidates take turns of {} \
         ms, in both directions, {} times. Figures are medians, and ratios are medians of the \
         ratios within a round. Every request of every candidate carries a cookie of the same \
         length, and is built with its default features. Other programs used {:.1} % of the \
         machine.\n\n\
         actix-session is 0.11, tower-sessions 0.15 (0.14 over Redis), each configured as its \
         documentation says; *baseline* is a hand-written middleware that does only what is \
         necessary, and does not use certificates.\n\n",
        plan.command,
        describe_machine(),
        rounds.count(16),
        rounds.count(1),
        rounds.count(64),
        plan.length.as_millis(),
        plan.turns,
        100.0 * median(rounds.others().to_vec()),
    );
    text.push_str(
        "### The budget\n\nAt 16 connections. *Where the instructions go* above has the profile of \
         a request. *Spread* is the least and the greatest ratio of a round; a limit between them \
         is close. *What bounds it* is what no code of this project can do without.\n\n\
         | | ratio | spread | budget | | what bounds it |\n|---|---:|---:|---:|---|---|\n",
    );
    rows(&mut text, BUDGET, rounds);
    text.push_str("\n| other ratios | ratio |\n|---|---:|\n");
    rows(&mut text, ASIDE, rounds);
    text.push_str("\n### How Redis is connected\n\n| | ratio |\n|---|---:|\n");
    rows(&mut text, CONNECTED, rounds);
    for connections in [16, 1, 64] {
        for work in Workload::ALL {
            write_table(&mut text, rounds, connections, work);
        }
    }
    text
}

fn rows(text: &mut String, lines: &[Line], rounds: &Rounds) {
    for line in lines {
        let _ = writeln!(text, "{}", line.row(rounds));
    }
}

fn write_table(text: &mut String, rounds: &Rounds, connections: usize, work: Workload) {
    let title = match work {
        Workload::Read => "one key is read",
        Workload::Write => "one key is written",
    };
    let noun = if connections == 1 {
        "connection"
    } else {
        "connections"
    };
    let _ = writeln!(
        text,
        "\n### {connections} {noun}, {title}\n\n\
         Times in microseconds; *server* and *database* are processor time per request; *busy* is \
         the load of the server's core, and of the core of the clients and the databases.\n\n\
         | candidate | requests/s | p50 | p99 | server | database | busy |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    );
    for candidate in CANDIDATES {
        let median =
            |figure: fn(&Figures) -> f64| rounds.median(candidate, work, connections, figure);
        let database = median(|figures| figures.database);
        let database = match has_database(candidate) {
            true => format!("{database:.1}"),
            false => String::new(),
        };
        let _ = writeln!(
            text,
            "| {candidate} | {:.0} | {:.0} | {:.0} | {:.1} | {database} | {:.0} %, {:.0} % |",
            median(|figures| figures.rate),
            median(|figures| figures.took.p50 as f64 / 1e3),
            median(|figures| figures.took.p99 as f64 / 1e3),
            median(|figures| figures.server),
            median(|figures| 100.0 * figures.server_busy),
            median(|figures| 100.0 * figures.clients_busy),
        );
    }
}
