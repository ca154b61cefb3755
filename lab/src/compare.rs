//! Other tools on the same applications.
//!
//! ZAP itself cannot be installed everywhere; this is a re-implementation of the
//! published algorithm of its rule 40013 (session fixation), and is called that.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::outcome::scan;
use crate::server::Server;
use crate::stack::{Stack, StartError, installed};

const BUGS: [&str; 12] = [
    "FIX-01", "FIX-02", "FIX-03", "ROT-01", "END-01", "END-02", "RACE-01", "LEAK-01", "COOK-02",
    "COOK-03", "ENT-01", "CSRF-01",
];

/// What a tool came to over all applications.
#[derive(Default)]
struct Sum {
    found: usize,
    missed: usize,
    false_alarms: usize,
    requests: Option<usize>,
    time: Duration,
}

impl Sum {
    fn add(&mut self, case: &Case, found: &BTreeSet<&str>, time: Duration) {
        // One fault is planted in each application; what else it brings along is not counted.
        match case.bugs.first() {
            Some(bug) if found.contains(bug) => self.found += 1,
            Some(_) => self.missed += 1,
            None => {}
        }
        self.false_alarms += found.iter().filter(|id| !case.finds.contains(id)).count();
        self.time += time;
    }

    fn row(&self, tool: &str) -> String {
        format!(
            "| {tool} | {} | {} | {} | {} | {:.0} |\n",
            self.found,
            self.missed,
            self.false_alarms,
            self.requests
                .map_or_else(|| "not told".to_owned(), |count| count.to_string()),
            self.time.as_secs_f64()
        )
    }
}

/// A table of what this scanner, wapiti, Schemathesis and the algorithm of ZAP's rule 40013 make
/// of twelve planted faults and the clean twin, on Flask.
///
/// # Errors
/// Where a server does not start, or one of the tools is not installed.
pub async fn beside_others(certificates: &Path) -> Result<String, StartError> {
    let planted: Vec<Case> = crate::cases(Stack::Flask)
        .into_iter()
        .filter(|case| match case.bugs.as_slice() {
            [bug] => BUGS.contains(bug),
            [] => case.odd.is_empty() && case.transport == crate::Transport::Http,
            _ => false,
        })
        .collect();
    let (mut ours, mut wapiti, mut schemathesis, mut rule) = Default::default();
    let sums: [&mut Sum; 4] = [&mut ours, &mut wapiti, &mut schemathesis, &mut rule];
    let [ours, wapiti, schemathesis, rule] = sums;
    for case in &planted {
        let outcome = scan(case, certificates).await?;
        let found = outcome.found().into_iter().collect();
        *ours.requests.get_or_insert(0) += outcome.report.about.requests as usize;
        ours.add(case, &found, outcome.time);

        let server = Server::start(case, certificates)?;
        let began = Instant::now();
        let found = with_wapiti(server.port())?;
        wapiti.add(case, &found, began.elapsed());

        let server = Server::start(case, certificates)?;
        let began = Instant::now();
        let requests = with_schemathesis(server.port())?;
        *schemathesis.requests.get_or_insert(0) += requests;
        schemathesis.add(case, &BTreeSet::new(), began.elapsed());

        let server = Server::start(case, certificates)?;
        let began = Instant::now();
        let (found, requests) = by_rule_40013(server.port())?;
        *rule.requests.get_or_insert(0) += requests;
        rule.add(case, &found, began.elapsed());
    }
    let mut text = format!(
        "{} planted faults, each in an application of its own, and the clean twin, on Flask over \
         plain HTTP:\n\n| tool | found | missed | false alarms | requests | seconds |\n\
         |---|---|---|---|---|---|\n",
        BUGS.len()
    );
    let _ = write!(
        text,
        "{}{}{}{}",
        ours.row("certsession-scan"),
        wapiti.row("wapiti 3.2, signed in"),
        schemathesis.row("Schemathesis 4, signed in"),
        rule.row("the published algorithm of ZAP's rule 40013, written again here")
    );
    Ok(text)
}

/// The findings of wapiti that are about sessions, by this scanner's names.
fn with_wapiti(port: u16) -> Result<BTreeSet<&'static str>, StartError> {
    let program = installed().join("wapiti/bin/wapiti");
    if !program.exists() {
        return Err(StartError::new(
            "wapiti is not installed; run: lab/install wapiti",
        ));
    }
    let folder = tempfile::tempdir().map_err(StartError::new)?;
    let report = folder.path().join("report.json");
    let target = format!("http://127.0.0.1:{port}");
    Command::new(program)
        .env("HOME", folder.path())
        .args(["-u", &format!("{target}/login"), "--scope", "domain"])
        .args(["--form-url", &format!("{target}/login")])
        .args(["--form-user", "alice", "--form-password", "wonderland"])
        .args([
            "-s",
            &format!("{target}/me"),
            "-s",
            &format!("{target}/home"),
        ])
        .args(["-x", &format!("{target}/logout")])
        .args(["-m", "cookieflags,csrf,http_headers,redirect"])
        .args([
            "-f",
            "json",
            "-v",
            "0",
            "--max-scan-time",
            "60",
            "--flush-session",
        ])
        .arg("-o")
        .arg(&report)
        .output()
        .map_err(StartError::new)?;
    let text = std::fs::read_to_string(report).map_err(StartError::new)?;
    let json: serde_json::Value = serde_json::from_str(&text).map_err(StartError::new)?;
    let mut found = BTreeSet::new();
    for (category, entries) in json["vulnerabilities"].as_object().into_iter().flatten() {
        if entries.as_array().is_none_or(Vec::is_empty) {
            continue;
        }
        let category = category.to_lowercase();
        if category.contains("secure flag") {
            found.insert("COOK-01");
        } else if category.contains("httponly") {
            found.insert("COOK-02");
        } else if category.contains("request forgery") {
            found.insert("CSRF-01");
        } else if category.contains("fixation") {
            found.insert("FIX-01");
        }
    }
    Ok(found)
}

/// Lets Schemathesis test the application, signed in, by a description of its interface, and
/// says how many requests it took. It judges answers by the description, and whether an operation
/// that needs the session works without: none of its failures is about a session's lifecycle, so
/// that none has a name of this scanner's.
fn with_schemathesis(port: u16) -> Result<usize, StartError> {
    let program = installed().join("schemathesis/bin/schemathesis");
    if !program.exists() {
        return Err(StartError::new(
            "Schemathesis is not installed; run: lab/install schemathesis",
        ));
    }
    let cookie = signed_in(port)?;
    let folder = tempfile::tempdir().map_err(StartError::new)?;
    let output = Command::new(program)
        .current_dir(folder.path())
        .env("HOME", folder.path())
        .arg("run")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json"))
        .args(["--url", &format!("http://127.0.0.1:{port}")])
        .args(["-H", &format!("Cookie: {cookie}")])
        .args(["--exclude-path", "/logout"])
        .args(["--max-examples", "10", "--seed", "1"])
        .output()
        .map_err(StartError::new)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .find_map(|line| line.trim().split_once(" generated")?.0.parse().ok())
        .ok_or_else(|| {
            let why = String::from_utf8_lossy(&output.stderr);
            StartError::new(format!("Schemathesis tested nothing: {text}{why}"))
        })
}

/// Signs alice in by the form, and gives her cookie.
fn signed_in(port: u16) -> Result<String, StartError> {
    let ask = |arguments: &[&str]| -> Result<String, StartError> {
        let output = Command::new("curl")
            .args(["-s", "-i"])
            .args(arguments)
            .arg(format!("http://127.0.0.1:{port}/login"))
            .output()
            .map_err(StartError::new)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let cookie_of = |answer: &str| -> Result<String, StartError> {
        let line = set_cookie(answer).and_then(|line| line.split(';').next());
        line.map(|cookie| cookie.trim().to_owned())
            .ok_or_else(|| StartError::new("the sign-in sets no cookie"))
    };
    let form = ask(&[])?;
    let token = form
        .split_once("value='")
        .and_then(|(_, rest)| rest.split_once('\''))
        .map_or("", |(token, _)| token);
    let cookie = format!("Cookie: {}", cookie_of(&form)?);
    let fields = format!("username=alice&password=wonderland&csrf_token={token}");
    let answer = ask(&["-H", &cookie, "--data", &fields])?;
    match cookie_of(&answer) {
        Ok(cookie) => Ok(cookie),
        // An id that is kept over the sign-in is not always set again.
        Err(_) => cookie_of(&form),
    }
}

/// The algorithm, for the page with the form and for the sign-in: ask without a cookie; where the
/// answer is 200 and sets one, ask again with it; where no other is set then, the session counts
/// as fixed. A cookie without HttpOnly or Secure counts besides.
fn by_rule_40013(port: u16) -> Result<(BTreeSet<&'static str>, usize), StartError> {
    let mut found = BTreeSet::new();
    let mut requests = 0;
    let form = ["--data", "username=alice&password=wonderland"];
    for data in [&[][..], &form[..]] {
        let mut ask = |cookie: Option<&str>| -> Result<String, StartError> {
            requests += 1;
            let mut command = Command::new("curl");
            command.args(["-s", "-i"]).args(data);
            if let Some(cookie) = cookie {
                command.args(["-H", &format!("Cookie: {cookie}")]);
            }
            let output = command
                .arg(format!("http://127.0.0.1:{port}/login"))
                .output()
                .map_err(StartError::new)?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let first = ask(None)?;
        if !first.contains(" 200 ") {
            continue;
        }
        let Some(line) = set_cookie(&first) else {
            continue;
        };
        if !line.to_lowercase().contains("httponly") {
            found.insert("COOK-02");
        }
        let cookie = line.split(';').next().unwrap_or_default().trim().to_owned();
        let second = ask(Some(&cookie))?;
        let same = set_cookie(&second).is_none_or(|line| line.trim().starts_with(&cookie));
        if second.contains(" 200 ") && same {
            found.insert("FIX-01");
        }
    }
    Ok((found, requests))
}

fn set_cookie(answer: &str) -> Option<&str> {
    answer
        .lines()
        .find_map(|line| line.strip_prefix("Set-Cookie:"))
}
