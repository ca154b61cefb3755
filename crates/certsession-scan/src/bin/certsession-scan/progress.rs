//! How a scan goes on: a bar on a terminal, plain lines elsewhere.

use std::io::{self, Write};

use certsession_scan::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// A bar with the check, the requests and the time left.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: ProgressBar,
}

impl Bar {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::new(1);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:24} {pos}/{len} {msg}, {elapsed}, about {eta} left")
        {
            bar.set_style(style);
        }
        bar.enable_steady_tick(std::time::Duration::from_millis(250));
        Self { bar }
    }
}

impl Progress for Bar {
    fn calibrating(&self) {
        self.bar.set_message("calibrating whoami");
    }

    fn begins(&self, id: &str, number: usize, of: usize) {
        self.bar.set_length(of as u64);
        self.bar.set_position(number as u64);
        self.bar.set_message(id.to_owned());
    }

    fn ended(&self, id: &str, verdict: &str, requests: u32) {
        self.bar.inc(1);
        self.bar
            .set_message(format!("{id}: {verdict}, {requests} requests"));
        if self.bar.length() == Some(self.bar.position()) {
            self.bar.finish_and_clear();
        }
    }
}

/// A line for each check.
#[derive(Debug)]
pub(crate) struct Lines {
    shown: bool,
}

impl Lines {
    pub(crate) fn new(shown: bool) -> Self {
        Self { shown }
    }
}

impl Progress for Lines {
    fn begins(&self, _: &str, _: usize, _: usize) {}

    fn ended(&self, id: &str, verdict: &str, requests: u32) {
        if self.shown {
            let _ = writeln!(io::stderr(), "{id}: {verdict} ({requests} requests)");
        }
    }
}
