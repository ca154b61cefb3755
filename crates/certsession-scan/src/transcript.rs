//! What was said, with every token replaced by a name: the evidence of a finding.

use std::time::Instant;

use serde::Serialize;

use crate::config::Config;
use crate::http::{Answer, Outgoing, Trouble};

/// More than this many requests of one check show nothing that the first did not.
const MAX_EXCHANGES: usize = 60;
/// Shorter values are words like `en`, which occur in any text by chance.
const MIN_SECRET: usize = 6;

/// What was said during one check.
#[derive(Debug)]
pub(crate) struct Transcript {
    exchanges: Vec<Exchange>,
    /// Tokens in the order in which they appeared: `$TOKEN_1` and so on.
    tokens: Vec<String>,
    secrets: Vec<String>,
    began: Instant,
}

/// A request and what came of it, fit to be shown.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// Who asked.
    pub actor: String,
    /// Method and path.
    pub request: String,
    /// The cookies that were sent, their values replaced by names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cookies: Vec<String>,
    /// The status, or why there is none.
    pub answer: String,
    /// The cookies that were set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sets: Vec<String>,
    /// As whom the answer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reads_as: Option<String>,
    /// The same request for a shell.
    pub curl: String,
    /// When it was sent, in milliseconds from the check's beginning. Not part of the JSON, which
    /// is the same for each run.
    #[serde(skip)]
    pub at: u64,
}

impl Transcript {
    pub(crate) fn new(config: &Config) -> Self {
        let mut secrets = config.secrets.clone();
        for identity in &config.identities {
            for step in identity.steps.values() {
                for (name, value) in step.fields() {
                    if is_secret_name(&name) && !secrets.contains(&value) {
                        secrets.push(value);
                    }
                }
            }
        }
        Self {
            exchanges: Vec::new(),
            tokens: Vec::new(),
            secrets,
            began: Instant::now(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.exchanges.clear();
        self.tokens.clear();
        self.began = Instant::now();
    }

    pub(crate) fn take(&mut self) -> Vec<Exchange> {
        std::mem::take(&mut self.exchanges)
    }

    pub(crate) fn add(
        &mut self,
        actor: &str,
        files: Option<&(String, String)>,
        outgoing: &Outgoing,
        answer: Result<&Answer, &Trouble>,
        extracted: impl Iterator<Item = String>,
    ) {
        for value in extracted {
            self.token(&value);
        }
        let mut cookies = Vec::new();
        for line in outgoing.headers.get_all(http::header::COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
            for pair in line.split("; ") {
                let (name, value) = pair.split_once('=').unwrap_or(("", pair));
                cookies.push(format!("{name}={}", self.token(value)));
            }
        }
        let sets = match answer {
            Ok(answer) => answer
                .set_cookies
                .iter()
                .map(
                    |set| match set.removes(crate::http::unix_now()) || set.value.is_empty() {
                        true => format!("{} is removed", set.name),
                        false => format!("{}={}", set.name, self.token(&set.value)),
                    },
                )
                .collect(),
            Err(_) => Vec::new(),
        };
        if self.exchanges.len() >= MAX_EXCHANGES {
            return;
        }
        let path = match outgoing.url.query() {
            Some(query) => format!("{}?{query}", outgoing.url.path()),
            None => outgoing.url.path().to_owned(),
        };
        let exchange = Exchange {
            actor: actor.to_owned(),
            request: self.redacted(&format!("{} {path}", outgoing.method)),
            answer: match answer {
                Ok(answer) => match answer.header("location") {
                    Some(to) => format!("{} to {}", answer.status, self.redacted(&to)),
                    None => answer.status.to_string(),
                },
                Err(trouble) => trouble.to_string(),
            },
            sets,
            reads_as: None,
            curl: self.curl(files, outgoing, &cookies),
            cookies,
            at: u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        };
        self.exchanges.push(exchange);
    }

    /// Notes as whom the last answer to this actor reads.
    pub(crate) fn reads_as(&mut self, actor: &str, whom: &str) {
        if let Some(exchange) = self
            .exchanges
            .iter_mut()
            .rev()
            .find(|exchange| exchange.actor == actor)
        {
            exchange.reads_as = Some(whom.to_owned());
        }
    }

    fn token(&mut self, value: &str) -> String {
        if value.len() < MIN_SECRET {
            return value.to_owned();
        }
        let place = match self.tokens.iter().position(|token| token == value) {
            Some(place) => place,
            None => {
                self.tokens.push(value.to_owned());
                self.tokens.len() - 1
            }
        };
        format!("$TOKEN_{}", place + 1)
    }

    /// The text without any token or password that is known.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (place, token) in self.tokens.iter().enumerate() {
            text = text.replace(token, &format!("$TOKEN_{}", place + 1));
        }
        for secret in self.secrets.iter().filter(|secret| secret.len() > 2) {
            text = text.replace(secret, "$SECRET");
        }
        text
    }

    fn curl(
        &self,
        files: Option<&(String, String)>,
        outgoing: &Outgoing,
        cookies: &[String],
    ) -> String {
        let mut curl = String::from("curl -i");
        if outgoing.method != http::Method::GET {
            curl += &format!(" -X {}", outgoing.method);
        }
        if let Some((certificate, key)) = files {
            curl += &format!(" --cert {certificate} --key {key}");
        }
        for name in ["content-type", "authorization", "origin", "sec-fetch-site"] {
            if let Some(value) = outgoing.headers.get(name) {
                let value = String::from_utf8_lossy(value.as_bytes());
                if name == "sec-fetch-site" && value != "cross-site" {
                    continue;
                }
                curl += &format!(" -H \"{name}: {}\"", self.redacted(&value));
            }
        }
        if !cookies.is_empty() {
            curl += &format!(" -H \"Cookie: {}\"", cookies.join("; "));
        }
        if !outgoing.body.is_empty() {
            let body = self.redacted(&String::from_utf8_lossy(&outgoing.body));
            curl += &format!(" --data \"{}\"", body.replace('"', "\\\""));
        }
        curl + &format!(" \"{}\"", self.redacted(outgoing.url.as_str()))
    }
}

pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "pwd", "secret", "token", "otp", "pin", "code"]
        .iter()
        .any(|word| name.contains(word))
}
