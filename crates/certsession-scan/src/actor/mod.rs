//! An actor: a certificate, a jar, a connection of its own, and what it was answered.

mod body;
mod change;
mod connect;
mod extract;
mod request;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rustls::ClientConfig;

use crate::config::{Extract, Identity, Method, Step};
use crate::http::{Answer, ClientTls, Connection, Jar, Trouble};
use crate::target::Target;

pub(crate) use change::{Change, CookieLines, Site};
use extract::value_in;

const MAX_REDIRECTS: usize = 8;
/// A step that is slow on purpose gets this many times the usual time.
const SLOW_FACTOR: u32 = 6;

/// An actor, with nothing shared with any other actor.
#[derive(Debug)]
pub(crate) struct Actor<'t> {
    target: &'t Target,
    pub(crate) label: String,
    identity: &'t Identity,
    tls: ClientTls,
    tls_config: Option<Arc<ClientConfig>>,
    connections: HashMap<String, Connection>,
    pub(crate) jar: Jar,
    /// What earlier answers gave: the value of each `extract`.
    pub(crate) values: BTreeMap<String, String>,
    /// The last answer of each step, by the step's name and by its request.
    answers: HashMap<String, Answer>,
    /// The answers of the last step, redirects and all.
    pub(crate) chain: Vec<Answer>,
}

/// All that lets an actor read as a user: cookies, and what answers gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) jar: Jar,
    pub(crate) values: BTreeMap<String, String>,
    answers: HashMap<String, Answer>,
}

/// Whether redirects are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Follow {
    Not,
    /// As a browser does, since the page there may do a part of the work; the step is judged by
    /// its own answer, as a page that a user is led to may be missing in a test set-up.
    Aside,
    ToTheEnd,
}

impl Credentials {
    /// Cookies alone.
    pub(crate) fn of(jar: Jar) -> Self {
        Self {
            jar,
            ..Self::default()
        }
    }
}

impl<'t> Actor<'t> {
    pub(crate) fn new(
        target: &'t Target,
        label: impl Into<String>,
        identity: &'t Identity,
        tls: &ClientTls,
    ) -> Self {
        Self {
            target,
            label: label.into(),
            identity,
            tls: tls.clone(),
            tls_config: None,
            connections: HashMap::new(),
            jar: Jar::default(),
            values: BTreeMap::new(),
            answers: HashMap::new(),
            chain: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, credentials: Credentials) -> Self {
        self.jar = credentials.jar;
        self.values = credentials.values;
        self.answers = credentials.answers;
        self
    }

    pub(crate) fn with_jar(mut self, jar: Jar) -> Self {
        self.jar = jar;
        self
    }

    pub(crate) fn with_tls(mut self, config: Arc<ClientConfig>) -> Self {
        self.tls_config = Some(config);
        self
    }

    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            jar: self.jar.clone(),
            values: self.values.clone(),
            answers: self.answers.clone(),
        }
    }

    pub(crate) fn has_step(&self, name: &str) -> bool {
        self.identity.step(name).is_some()
    }

    pub(crate) fn step(&self, name: &str) -> Result<&'t Step, Trouble> {
        self.identity
            .step(name)
            .ok_or_else(|| Trouble::Step(format!("the configuration has no [step.{name}]")))
    }

    /// Runs a step as the configuration says.
    pub(crate) async fn run(&mut self, name: &str) -> Result<Answer, Trouble> {
        self.run_with(name, &Change::default()).await
    }

    pub(crate) async fn run_with(
        &mut self,
        name: &str,
        change: &Change,
    ) -> Result<Answer, Trouble> {
        let step = self.step(name)?;
        for before in &step.before {
            // `before` names steps that have none of their own: one level is what a sign-in needs.
            let step = self.step(before)?;
            self.one(step, &Change::default(), Follow::ToTheEnd).await?;
        }
        let follow = match (step.follow, name) {
            _ if change.no_redirects => Follow::Not,
            (Some(false), _) => Follow::Not,
            (Some(true), _) | (None, "login") => Follow::ToTheEnd,
            (None, "logout" | "logout_error" | "elevate" | "password") => Follow::Aside,
            // A redirect is how many applications tell an anonymous user to sign in.
            (None, _) => Follow::Not,
        };
        self.one(step, change, follow).await
    }

    async fn one(
        &mut self,
        step: &Step,
        change: &Change,
        follow: Follow,
    ) -> Result<Answer, Trouble> {
        let outgoing = match &change.given {
            Some(values) => {
                let own = std::mem::replace(&mut self.values, values.clone());
                let outgoing = self.outgoing(step, change);
                self.values = own;
                outgoing?
            }
            None => {
                for extract in step.extract.iter().filter(|extract| !step.answers(extract)) {
                    self.extract(extract).await?;
                }
                self.outgoing(step, change)?
            }
        };
        let timeout = match step.name.as_str() {
            "slow" => self.target.config.timeout * SLOW_FACTOR,
            _ => self.target.config.timeout,
        };
        self.chain.clear();
        let mut answer = self.send(outgoing.clone(), timeout).await?;
        let mut last = outgoing;
        for _ in 0..MAX_REDIRECTS {
            let Some(to) = answer
                .redirect()
                .filter(|to| follow != Follow::Not && self.target.may_ask(to))
            else {
                break;
            };
            let keeps_method = matches!(answer.status, 307 | 308);
            last = self.redirected(&last, &to, keeps_method);
            answer = self.send(last.clone(), timeout).await?;
        }
        if let Some(first) = self.chain.first() {
            let key = format!("{} {}", step.method, step.path);
            self.answers.insert(key, first.clone());
        }
        // A token may be in the first answer or where the redirects led; the first has it
        // in every application that answers a sign-in with data.
        let kept = self.chain.first().unwrap_or(&answer).clone();
        for extract in step.extract.iter().filter(|extract| step.answers(extract)) {
            if let Some(value) = value_in(&kept, &extract.source, &self.jar) {
                self.values.insert(extract.name.clone(), value);
            }
        }
        self.answers.insert(step.name.clone(), kept.clone());
        Ok(match follow {
            Follow::Aside => kept,
            Follow::Not | Follow::ToTheEnd => answer,
        })
    }

    /// Loads a page by its path, as a browser that is led there.
    pub(crate) async fn visit(&mut self, path: &str) -> Result<Answer, Trouble> {
        let url = self.url(path)?;
        let outgoing = self.plain(Method::GET, url);
        self.chain.clear();
        self.send(outgoing, self.target.config.timeout).await
    }

    /// Whether a request is the sign-in's, or of a step that runs before it.
    fn signs_in(&self, request: &str) -> bool {
        let Some(login) = self.identity.step("login") else {
            return false;
        };
        login
            .before
            .iter()
            .filter_map(|name| self.identity.step(name))
            .chain([login])
            .any(|step| format!("{} {}", step.method, step.path) == request)
    }

    async fn extract(&mut self, extract: &Extract) -> Result<(), Trouble> {
        let known = self.answers.get(&extract.from).cloned();
        let is_page = |method: &str| {
            self.identity
                .steps
                .values()
                .all(|step| format!("{} {}", step.method, step.path) != extract.from)
                && method.eq_ignore_ascii_case("get")
        };
        let answer = match (known, extract.from.split_once(char::is_whitespace)) {
            (_, Some((method, path))) if is_page(method) => {
                let mut answer = self.visit(path.trim()).await?;
                for _ in 0..MAX_REDIRECTS {
                    let Some(to) = answer.redirect().filter(|to| self.target.may_ask(to)) else {
                        break;
                    };
                    let outgoing = self.plain(Method::GET, to);
                    answer = self.send(outgoing, self.target.config.timeout).await?;
                }
                answer
            }
            (Some(answer), _) => answer,
            // A page that is a step as well, and that this actor has not loaded yet.
            (None, Some((method, path)))
                if method.eq_ignore_ascii_case("get") && !self.signs_in(&extract.from) =>
            {
                self.visit(path.trim()).await?
            }
            // The step has not run: an actor who has not signed in has no token to send.
            (None, _) => return Ok(()),
        };
        match value_in(&answer, &extract.source, &self.jar) {
            Some(value) => {
                self.values.insert(extract.name.clone(), value);
                Ok(())
            }
            None => Err(Trouble::Extract(format!(
                "the answer of {} ({}) has nothing for `{}`",
                extract.from, answer.status, extract.name
            ))),
        }
    }
}
