//! What was said, with every token replaced by a name: the evidence of a finding.

use std::time::Instant;

use serde::Serialize;

use crate::config::Config;
use crate::http::{Answer, Outgoing, Trouble};
use crate::redaction::Redaction;

/// More than this many requests of one check show nothing that the first did not.
const MAX_EXCHANGES: usize = 60;

/// What was said during one check.
#[derive(Debug)]
pub(crate) struct Transcript {
    exchanges: Vec<Exchange>,
    redaction: Redaction,
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
        Self {
            exchanges: Vec::new(),
            redaction: Redaction::of(config),
            began: Instant::now(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.exchanges.clear();
        self.redaction.forget_tokens();
        self.began = Instant::now();
    }

    /// What was said since [`Self::begin`], without any token or password.
    pub(crate) fn take(&mut self) -> Vec<Exchange> {
        // Once more, as a token may be known only from an answer after the exchange that has it.
        let hidden = |text: &mut String| *text = self.redaction.redacted(text);
        let mut exchanges = std::mem::take(&mut self.exchanges);
        for exchange in &mut exchanges {
            hidden(&mut exchange.request);
            hidden(&mut exchange.answer);
            hidden(&mut exchange.curl);
            exchange.cookies.iter_mut().for_each(hidden);
            exchange.sets.iter_mut().for_each(hidden);
        }
        exchanges
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
            self.redaction.token(&value);
        }
        let mut cookies = Vec::new();
        for line in outgoing.headers.get_all(http::header::COOKIE) {
            let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
            for pair in line.split("; ") {
                let (name, value) = pair.split_once('=').unwrap_or(("", pair));
                cookies.push(format!("{name}={}", self.redaction.token(value)));
            }
        }
        let sets = match answer {
            Ok(answer) => answer
                .set_cookies
                .iter()
                .map(
                    |set| match set.removes(crate::http::unix_now()) || set.value.is_empty() {
                        true => format!("{} is removed", set.name),
                        false => format!("{}={}", set.name, self.redaction.token(&set.value)),
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

    /// The text without any token or password that is known.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.redaction.redacted(text)
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

#[cfg(test)]
mod tests {
    use super::Transcript;
    use crate::config::Config;
    use crate::http::{Answer, Outgoing, Trouble};

    fn outgoing(url: &str, body: &str, cookie: Option<&str>) -> Outgoing {
        let mut headers = http::HeaderMap::new();
        if let Some(cookie) = cookie {
            headers.insert(http::header::COOKIE, cookie.parse().unwrap());
        }
        Outgoing {
            method: http::Method::POST,
            url: url::Url::parse(url).unwrap(),
            headers,
            body: bytes::Bytes::from(body.to_owned()),
        }
    }

    fn answer(outgoing: &Outgoing, set_cookie: &str) -> Answer {
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::SET_COOKIE, set_cookie.parse().unwrap());
        Answer::new(outgoing.url.clone(), 200, headers, bytes::Bytes::new())
    }

    #[test]
    fn a_token_is_hidden_in_what_was_said_before_it_was_known_as_one() {
        let config = Config::parse(
            "target = \"http://localhost\"\n[identity.alice]\n\
             [step.login]\nrequest = \"POST /login\"\nform = { password = \"p@ss w0rd!\" }\n\
             [step.whoami]\nrequest = \"GET /me\"\nsigned_in = \"alice\"\n",
            "scan.toml",
        )
        .unwrap();
        let mut transcript = Transcript::new(&config);
        transcript.begin();
        let early = outgoing(
            "http://localhost/login?sid=q8%2B3J%3D",
            "password=p%40ss+w0rd%21",
            Some("sid=short; x=y"),
        );
        let failed = Trouble::Reset("q8+3J= is gone".to_owned());
        transcript.add("alice", None, &early, Err(&failed), std::iter::empty());
        let late = outgoing("http://localhost/me", "", None);
        let sets = answer(&late, "sid=q8+3J=; Path=/");
        transcript.add("alice", None, &late, Ok(&sets), std::iter::empty());
        let exchanges = serde_json::to_string(&transcript.take()).unwrap();
        for hidden in ["q8", "w0rd"] {
            assert!(!exchanges.contains(hidden), "{exchanges}");
        }
        assert!(exchanges.contains("/login?sid=$TOKEN_1"), "{exchanges}");
    }
}
