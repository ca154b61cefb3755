//! curl as a client, with one certificate and one cookie jar.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::ledger;
use crate::transport::Http;

/// The session cookie's name in a cookie jar.
const COOKIE_NAME: &str = "__Host-session";

/// curl, configured for one server.
#[derive(Clone)]
pub struct Curl {
    base: String,
    arguments: Vec<OsString>,
    jar: PathBuf,
}

/// curl's output for one response.
#[derive(Debug)]
pub struct Printed {
    /// The status.
    pub status: u16,
    /// The HTTP version, as curl names it: `1.1` or `2`.
    pub version: String,
    /// The header fields, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Curl {
    pub(crate) fn new(base: &str, certs: &Path, name: Option<&str>, http: Http) -> Self {
        static JARS: AtomicUsize = AtomicUsize::new(0);
        let jar = JARS.fetch_add(1, Ordering::Relaxed);
        let jar = certs.join(format!("{jar}.jar"));
        let mut arguments: Vec<OsString> = vec!["--cacert".into(), certs.join("ca.pem").into()];
        if let Some(name) = name {
            arguments.extend(["--cert".into(), certs.join(format!("{name}.pem")).into()]);
            arguments.extend(["--key".into(), certs.join(format!("{name}.key")).into()]);
        }
        arguments.push(match http {
            Http::One => "--http1.1".into(),
            Http::Two => "--http2".into(),
        });
        Self {
            base: base.to_owned(),
            arguments,
            jar,
        }
    }

    /// curl with a new jar, for a program whose certificates are in this folder.
    pub fn of_program(base: &str, certs: &Path, name: &str, http: Http) -> Self {
        Self::new(base, certs, Some(name), http)
    }

    /// curl with the certificate of this name and a copy of this jar as it is now.
    ///
    /// # Panics
    ///
    /// If the jar cannot be copied.
    pub fn copy_of_jar(&self, name: &str, certs: &Path) -> Self {
        let copy = Self::new(&self.base, certs, Some(name), Http::Two);
        std::fs::copy(&self.jar, &copy.jar).unwrap();
        copy
    }

    /// Uses the same jar as another curl: a stolen cookie.
    pub fn with_jar_of(mut self, other: &Self) -> Self {
        fs::copy(&other.jar, &self.jar).unwrap();
        self.base.clone_from(&other.base);
        self
    }

    /// Uses another name of the same server.
    pub fn at(mut self, base: String) -> Self {
        self.base = base;
        self
    }

    /// The server's base URL.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `curl URL`.
    pub fn get(&self, path: &str) -> Printed {
        self.run(path, &[])
    }

    /// `curl -X POST URL`.
    pub fn post(&self, path: &str) -> Printed {
        self.run(path, &["-X", "POST"])
    }

    /// `curl -X DELETE URL`.
    pub fn delete(&self, path: &str) -> Printed {
        self.run(path, &["-X", "DELETE"])
    }

    /// `curl -X PUT --data-raw BODY URL`.
    pub fn put(&self, path: &str, body: &str) -> Printed {
        self.run(path, &["-X", "PUT", "--data-raw", body])
    }

    /// `curl --json JSON URL`, spelled for curl versions before 7.82.
    pub fn post_json(&self, path: &str, json: &Value) -> Printed {
        let json = json.to_string();
        self.run(
            path,
            &["-H", "Content-Type: application/json", "--data-raw", &json],
        )
    }

    /// Signs in, and carries these keys over.
    pub fn sign_in(&self, principal: &str, carry: &[&str]) -> Printed {
        let body = serde_json::json!({ "principal": principal, "carry": carry });
        self.post_json("/sign-in", &body)
    }

    /// Runs curl.
    ///
    /// # Panics
    ///
    /// If there is no response.
    pub fn run(&self, path: &str, arguments: &[&str]) -> Printed {
        self.try_run(path, arguments)
            .unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Like [`run`](Self::run), if the test expects that there may be no response.
    ///
    /// # Errors
    ///
    /// curl's message, if there was no response.
    pub fn try_run(&self, path: &str, arguments: &[&str]) -> Result<Printed, String> {
        let mut output = self.output(path, arguments);
        // A server that has responded to a request over HTTP/2 and does not need the rest of its
        // body resets the stream without an error (RFC 9113 section 8.1). Some curl versions, 7.88
        // among them, report that as an error if they have not sent the whole body yet.
        const STREAM_ERROR: i32 = 92;
        for _ in 0..3 {
            if output.status.code() == Some(STREAM_ERROR) {
                output = self.output(path, arguments);
            }
        }
        self.answer(&output)
    }

    /// Like [`try_run`](Self::try_run), without a retry for a curl that reported the end of a
    /// stream as an error.
    ///
    /// # Errors
    ///
    /// curl's message, if there was no response.
    pub fn run_once(&self, path: &str, arguments: &[&str]) -> Result<Printed, String> {
        self.answer(&self.output(path, arguments))
    }

    fn answer(&self, output: &Output) -> Result<Printed, String> {
        if let Some(cookie) = self.cookie() {
            ledger::record_secret(&cookie);
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.success() {
            true => Ok(Printed::parse(&output.stdout, said)),
            false => Err(said),
        }
    }

    fn output(&self, path: &str, arguments: &[&str]) -> Output {
        Command::new(program())
            .args(["-sS", "-i", "--max-time", "60"])
            .args(["-w", "%{stderr}%{http_version}"])
            .args(&self.arguments)
            .arg("-b")
            .arg(&self.jar)
            .arg("-c")
            .arg(&self.jar)
            .args(arguments)
            .arg(format!("{}{path}", self.base))
            .output()
            .unwrap()
    }

    /// The session cookie in the jar.
    pub fn cookie(&self) -> Option<String> {
        let line = self.cookie_line()?;
        Some(line.rsplit('\t').next()?.to_owned())
    }

    /// The jar's line for the session cookie: host, whether subdomains are included, path, whether
    /// Secure, expiry, name and value.
    pub fn cookie_line(&self) -> Option<String> {
        let jar = fs::read_to_string(&self.jar).unwrap_or_default();
        let named = |line: &&str| line.split('\t').nth(5) == Some(COOKIE_NAME);
        jar.lines().find(named).map(str::to_owned)
    }
}

impl Printed {
    fn parse(printed: &[u8], version: String) -> Self {
        let text = String::from_utf8_lossy(printed);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status: status.parse().unwrap(),
            version,
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    /// The first header field with this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The path of curl.
///
/// # Panics
///
/// If it is missing; the message has the command that installs it.
pub fn program() -> &'static str {
    static FOUND: OnceLock<()> = OnceLock::new();
    FOUND.get_or_init(|| found("curl", Command::new("curl").arg("--version")));
    "curl"
}

fn found(package: &str, try_it: &mut Command) {
    if try_it.output().is_err() {
        panic!("{package} is missing; install it: sudo apt-get install -y {package}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "sudo apt-get install -y curl")]
    fn a_missing_curl_is_reported_with_the_command_that_installs_it() {
        found("curl", &mut Command::new("/nowhere/curl"));
    }
}
