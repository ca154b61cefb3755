//! An actor: a certificate, a jar, a connection of its own, and what it was answered.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName,
    HeaderValue, ORIGIN, REFERER, USER_AGENT,
};
use rustls::ClientConfig;
use serde_json::Value as Json;
use url::Url;

use crate::config::{Body, Extract, Identity, Method, Source, Step, expand};
use crate::forge::random_hex;
use crate::http::{
    Answer, ClientTls, Connection, Jar, Outgoing, Protocols, Resume, TlsVersion, Trouble,
};
use crate::target::Target;

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

/// How a request differs from what the configuration says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    pub(crate) method: Option<Method>,
    pub(crate) query: Vec<(String, String)>,
    /// Parameters of the path: `;jsessionid=…`.
    pub(crate) path_parameters: String,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) media_type: Option<&'static str>,
    pub(crate) site: Site,
    pub(crate) cookies: CookieLines,
    /// Values that the actor cannot take from an answer of their own, as another site cannot.
    pub(crate) given: Option<BTreeMap<String, String>>,
    pub(crate) no_body: bool,
    pub(crate) no_redirects: bool,
}

/// Where a request comes from, as a browser would tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Site {
    #[default]
    Same,
    Cross,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum CookieLines {
    #[default]
    OfJar,
    /// These, each as a line, or in HTTP/2 a field, of its own.
    Raw(Vec<String>),
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
            self.one(step, &Change::default(), true).await?;
        }
        let follow = step.follow.unwrap_or(name == "login") && !change.no_redirects;
        self.one(step, change, follow).await
    }

    async fn one(&mut self, step: &Step, change: &Change, follow: bool) -> Result<Answer, Trouble> {
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
                .filter(|to| follow && self.target.may_ask(to))
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
        self.answers.insert(step.name.clone(), kept);
        Ok(answer)
    }

    /// Loads a page by its path, as a browser that is led there.
    pub(crate) async fn visit(&mut self, path: &str) -> Result<Answer, Trouble> {
        let url = self.url(path)?;
        let outgoing = self.plain(Method::GET, url);
        self.chain.clear();
        self.send(outgoing, self.target.config.timeout).await
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

    fn outgoing(&self, step: &Step, change: &Change) -> Result<Outgoing, Trouble> {
        let random = random_hex(8);
        let fields = match self.identity.step("login") {
            Some(login) => login.fields(),
            None => Vec::new(),
        };
        let value = |name: &str| -> Option<&str> {
            match name {
                "identity" => Some(&self.identity.name),
                "random" => Some(&random),
                _ => self.values.get(name).map(String::as_str).or_else(|| {
                    fields
                        .iter()
                        .find(|(field, _)| field == name)
                        .map(|(_, value)| value.as_str())
                }),
            }
        };
        let method = change.method.clone().unwrap_or_else(|| step.method.clone());
        let mut url = self.url(&expand(&step.path, value))?;
        if !change.path_parameters.is_empty() {
            let path = format!("{}{}", url.path(), change.path_parameters);
            url.set_path(&path);
        }
        if !change.query.is_empty() {
            let added = encoded(&change.query);
            let query = match url.query() {
                Some(query) => format!("{query}&{added}"),
                None => added,
            };
            url.set_query(Some(&query));
        }
        let mut outgoing = self.plain(method, url);
        let cross_site = change.site == Site::Cross;
        for (name, template) in &step.headers {
            // A form of another site sends no headers of its own choice.
            if cross_site {
                continue;
            }
            let content = expand(template, value);
            // A header around a token that one does not have is not sent at all.
            if self
                .identity
                .steps
                .values()
                .flat_map(|step| &step.extract)
                .any(|extract| content.contains(&format!("{{{}}}", extract.name)))
            {
                continue;
            }
            set_header(&mut outgoing.headers, name.clone(), &content);
        }
        let mut own = self.own_values(step);
        own.retain(|(name, content)| match header_for(name) {
            Some(header) => {
                let content = match header == AUTHORIZATION && !content.contains(' ') {
                    true => format!("Bearer {content}"),
                    false => content.clone(),
                };
                if !cross_site {
                    set_header(&mut outgoing.headers, header, &content);
                }
                false
            }
            None => true,
        });
        if !change.no_body {
            write_body(&mut outgoing, step, value, own, &change.form);
        }
        if let Some(media_type) = change.media_type {
            outgoing
                .headers
                .insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        self.tell_site(&mut outgoing, change.site);
        if let CookieLines::Raw(lines) = &change.cookies {
            outgoing.headers.remove(COOKIE);
            for line in lines {
                if let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) {
                    outgoing.headers.append(COOKIE, value);
                }
            }
        }
        for (name, content) in &change.headers {
            set_header(&mut outgoing.headers, name.clone(), content);
        }
        Ok(outgoing)
    }

    /// The extracted values that no placeholder has put into the request.
    fn own_values(&self, step: &Step) -> Vec<(String, String)> {
        let used = |name: &str| {
            let placeholder = format!("{{{name}}}");
            step.path.contains(&placeholder)
                || step
                    .headers
                    .iter()
                    .any(|(_, template)| template.contains(&placeholder))
                || match &step.body {
                    Body::None => false,
                    Body::Form(fields) => {
                        fields.iter().any(|(_, value)| value.contains(&placeholder))
                    }
                    Body::Json(json) => json.to_string().contains(&placeholder),
                    Body::Raw { content, .. } => content.contains(&placeholder),
                }
        };
        step.extract
            .iter()
            .filter(|extract| !step.answers(extract) && !used(&extract.name))
            .filter_map(|extract| {
                let value = self.values.get(&extract.name)?;
                Some((extract.name.clone(), value.clone()))
            })
            .collect()
    }

    fn plain(&self, method: Method, url: Url) -> Outgoing {
        let mut headers = HeaderMap::new();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("certsession-scan/", env!("CARGO_PKG_VERSION"))),
        );
        headers.insert(
            ACCEPT,
            HeaderValue::from_static("text/html,application/json;q=0.9,*/*;q=0.8"),
        );
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        for (name, value) in &self.target.config.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(line) = self.jar.header(&url)
            && let Ok(value) = HeaderValue::from_bytes(line.as_bytes())
        {
            headers.insert(COOKIE, value);
        }
        let mut outgoing = Outgoing {
            method,
            url,
            headers,
            body: Bytes::new(),
        };
        self.tell_site(&mut outgoing, Site::Same);
        outgoing
    }

    fn tell_site(&self, outgoing: &mut Outgoing, site: Site) {
        let safe = matches!(outgoing.method, Method::GET | Method::HEAD);
        let origin = match site {
            Site::Same => crate::http::origin(&outgoing.url),
            Site::Cross => "https://attacker.example".to_owned(),
        };
        let relation = match site {
            Site::Same => "same-origin",
            Site::Cross => "cross-site",
        };
        let headers = &mut outgoing.headers;
        set_header(headers, HeaderName::from_static("sec-fetch-site"), relation);
        set_header(
            headers,
            HeaderName::from_static("sec-fetch-mode"),
            "navigate",
        );
        set_header(
            headers,
            HeaderName::from_static("sec-fetch-dest"),
            "document",
        );
        if !safe {
            set_header(headers, ORIGIN, &origin);
        }
        if !safe || site == Site::Cross {
            set_header(headers, REFERER, &format!("{origin}/"));
        }
    }

    fn redirected(&self, last: &Outgoing, to: &Url, keeps_method: bool) -> Outgoing {
        let method = match keeps_method {
            true => last.method.clone(),
            false => Method::GET,
        };
        let mut outgoing = self.plain(method, to.clone());
        if keeps_method {
            outgoing.body = last.body.clone();
            if let Some(media_type) = last.headers.get(CONTENT_TYPE) {
                outgoing.headers.insert(CONTENT_TYPE, media_type.clone());
            }
        }
        outgoing
    }

    fn url(&self, path: &str) -> Result<Url, Trouble> {
        let target = &self.target.config.target;
        let wrong = |error: url::ParseError| Trouble::Step(format!("{path} is no URL: {error}"));
        if path.starts_with("http://") || path.starts_with("https://") {
            let url = Url::parse(path).map_err(wrong)?;
            return match self.target.may_ask(&url) {
                true => Ok(url),
                false => Err(Trouble::Step(format!(
                    "{path} is on another host; name it with --allow-host"
                ))),
            };
        }
        let base = target.path().trim_end_matches('/');
        match path.starts_with(base) {
            true => target.join(path),
            false => target.join(&format!("{base}{path}")),
        }
        .map_err(wrong)
    }

    /// Sends a request over this actor's own connection, and takes the cookies of the answer.
    async fn send(&mut self, outgoing: Outgoing, timeout: Duration) -> Result<Answer, Trouble> {
        let target = self.target;
        target.admit().await?;
        let result = tokio::select! {
            result = tokio::time::timeout(timeout, self.exchange(&outgoing)) => match result {
                Ok(result) => result,
                Err(_) => Err(Trouble::Timeout(timeout)),
            },
            () = target.interrupted() => {
                Err(Trouble::Stopped("the scan was interrupted".to_owned()))
            }
        };
        if result.is_err() {
            self.connections.clear();
        }
        self.target.transcript().add(
            &self.label,
            self.tls.files.as_ref(),
            &outgoing,
            result.as_ref(),
            self.values.values().cloned(),
        );
        match result {
            Ok(answer) => {
                let limited = (answer.status == 429)
                    .then(|| Trouble::Status(429, outgoing.url.path().to_owned()));
                self.target.note(limited.as_ref());
                for set in &answer.set_cookies {
                    self.jar.apply(&answer.url, set);
                }
                self.chain.push(answer.clone());
                Ok(answer)
            }
            Err(trouble) => {
                self.target.note(Some(&trouble));
                Err(trouble)
            }
        }
    }

    async fn exchange(&mut self, outgoing: &Outgoing) -> Result<Answer, Trouble> {
        let origin = crate::http::origin(&outgoing.url);
        let open = match self.connections.remove(&origin) {
            Some(mut connection) => connection.is_ready().await.then_some(connection),
            None => None,
        };
        let mut connection = match open {
            Some(connection) => connection,
            None => self.connect(&outgoing.url).await?,
        };
        let reused = connection.used;
        let mut result = connection.send(outgoing).await;
        // The server may close a connection just as a request comes; that says nothing of it.
        if reused && matches!(result, Err(Trouble::Reset(_))) {
            connection = self.connect(&outgoing.url).await?;
            result = connection.send(outgoing).await;
        }
        self.connections
            .insert(connection.origin.clone(), connection);
        result
    }

    async fn connect(&mut self, url: &Url) -> Result<Connection, Trouble> {
        let config = match &self.tls_config {
            Some(config) => config.clone(),
            None => {
                let config = self
                    .tls
                    .config(Protocols::Http1, TlsVersion::Any, Resume::Never)
                    .map_err(Trouble::Connect)?;
                self.tls_config.insert(config).clone()
            }
        };
        Connection::open(url, Some(config)).await
    }

    /// Leaves the connections; the next request opens one.
    pub(crate) fn disconnect(&mut self) {
        self.connections.clear();
    }

    /// The connection to the target, where one is open.
    pub(crate) fn connection(&self) -> Option<&Connection> {
        let origin = crate::http::origin(&self.target.config.target);
        self.connections.get(&origin)
    }
}

fn write_body<'v>(
    outgoing: &mut Outgoing,
    step: &Step,
    value: impl Fn(&str) -> Option<&'v str> + Copy,
    own: Vec<(String, String)>,
    added: &[(String, String)],
) {
    let body = match &step.body {
        Body::None if own.is_empty() && added.is_empty() => return,
        Body::None => Body::Form(Vec::new()),
        body => body.clone(),
    };
    let (content, media_type) = match body {
        Body::None => return,
        Body::Form(fields) => {
            let mut filled: Vec<(String, String)> = fields
                .iter()
                .map(|(name, template)| (name.clone(), expand(template, value)))
                .filter(|(name, _)| own.iter().all(|(own, _)| own != name))
                .collect();
            filled.extend(own);
            filled.extend(added.iter().cloned());
            if matches!(outgoing.method, Method::GET | Method::HEAD) {
                let mut url = outgoing.url.clone();
                url.set_query(Some(&encoded(&filled)));
                outgoing.url = url;
                return;
            }
            (
                encoded(&filled),
                "application/x-www-form-urlencoded".to_owned(),
            )
        }
        Body::Json(json) => {
            let mut json = filled(&json, value);
            if let Json::Object(object) = &mut json {
                for (name, content) in own.into_iter().chain(added.iter().cloned()) {
                    object.insert(name, Json::String(content));
                }
            }
            (json.to_string(), "application/json".to_owned())
        }
        Body::Raw {
            content,
            media_type,
        } => (expand(&content, value), media_type),
    };
    outgoing.body = Bytes::from(content);
    set_header(&mut outgoing.headers, CONTENT_TYPE, &media_type);
}

fn filled<'v>(json: &Json, value: impl Fn(&str) -> Option<&'v str> + Copy) -> Json {
    match json {
        Json::String(text) => Json::String(expand(text, value)),
        Json::Array(values) => Json::Array(values.iter().map(|json| filled(json, value)).collect()),
        Json::Object(values) => Json::Object(
            values
                .iter()
                .map(|(name, json)| (name.clone(), filled(json, value)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Names of headers are told from names of fields by how headers that carry tokens are named.
fn header_for(name: &str) -> Option<HeaderName> {
    let lower = name.to_ascii_lowercase();
    let is_header = lower == "authorization" || lower.starts_with("x-");
    is_header
        .then(|| HeaderName::try_from(lower.as_str()).ok())
        .flatten()
}

fn set_header(headers: &mut HeaderMap, name: HeaderName, content: &str) {
    if let Ok(value) = HeaderValue::from_bytes(content.as_bytes()) {
        headers.insert(name, value);
    }
}

fn encoded(fields: &[(String, String)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields {
        form.append_pair(name, value);
    }
    form.finish()
}

fn value_in(answer: &Answer, source: &Source, jar: &Jar) -> Option<String> {
    match source {
        Source::Css {
            selector,
            attribute,
        } => {
            let selector = scraper::Selector::parse(selector).ok()?;
            let page = scraper::Html::parse_document(&answer.text());
            let element = page.select(&selector).next()?;
            match attribute {
                Some(attribute) => element.attr(attribute).map(str::to_owned),
                None => element
                    .attr("value")
                    .or(element.attr("content"))
                    .map(str::to_owned)
                    .or_else(|| {
                        let text = element.text().collect::<String>().trim().to_owned();
                        (!text.is_empty()).then_some(text)
                    }),
            }
        }
        Source::Json(pointer) => match answer.json()?.pointer(pointer)? {
            Json::String(text) => Some(text.clone()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        },
        Source::Header(name) => answer.header(name),
        Source::Cookie(name) => jar.value(name).map(str::to_owned),
        Source::Between(after, before) => {
            let text = answer.text();
            let (_, rest) = text.split_once(after.as_str())?;
            let (value, _) = rest.split_once(before.as_str())?;
            Some(value.to_owned())
        }
    }
}
