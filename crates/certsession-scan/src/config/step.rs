//! A step: one request, and what is taken from earlier answers for it.

use http::header::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::ConfigError;
use super::node::{Node, Table, Value};
use super::values::{from_environment, scalar};

pub(crate) use http::Method;

/// A request of the application's, with placeholders in it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) method: Method,
    /// The path and query, or an absolute URL.
    pub(crate) path: String,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) extract: Vec<Extract>,
    /// What shows that one is signed in, as this identity.
    pub(crate) signed_in: Option<Matcher>,
    /// What shows that the step did its work.
    pub(crate) expect: Option<Matcher>,
    /// Steps that run before this one.
    pub(crate) before: Vec<String>,
    /// Whether redirects are followed, as a browser does.
    pub(crate) follow: Option<bool>,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Form(Vec<(String, String)>),
    Json(Json),
    Raw { content: String, media_type: String },
}

/// A value that is taken from an answer and sent under its name.
#[derive(Clone, Debug)]
pub(crate) struct Extract {
    pub(crate) name: String,
    /// The request whose answer holds it: `GET /login`, or the name of a step.
    pub(crate) from: String,
    pub(crate) source: Source,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Css {
        selector: String,
        attribute: Option<String>,
    },
    Json(String),
    Header(String),
    Cookie(String),
    /// The text between two others in the body.
    Between(String, String),
}

/// What an answer must be like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    pub(crate) status: Vec<u16>,
    pub(crate) body: Vec<String>,
    pub(crate) not_body: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) json: Vec<(String, Json)>,
}

const KEYS: &[&str] = &[
    "request",
    "form",
    "json",
    "body",
    "content_type",
    "headers",
    "extract",
    "signed_in",
    "expect",
    "before",
    "follow",
];

impl Step {
    pub(super) fn read(
        name: &str,
        node: &Node,
        secrets: &mut Vec<String>,
    ) -> Result<Self, ConfigError> {
        let table = node.table(&format!("step.{name}"))?;
        table.only(&format!("[step.{name}]"), KEYS)?;
        let request = table.get("request").ok_or_else(|| {
            ConfigError::at(
                node.line,
                format!("[step.{name}] says no request; write request = \"POST /{name}\""),
            )
        })?;
        let (method, path) = method_and_path(request)?;
        let mut headers = Vec::new();
        if let Some(node) = table.get("headers") {
            for (key, line, value) in &node.table("headers")?.entries {
                let name = HeaderName::try_from(key.as_str()).map_err(|_| {
                    ConfigError::at(*line, format!("`{key}` cannot be the name of a header"))
                })?;
                let value = scalar(value, key, secrets)?;
                HeaderValue::from_str(&value).map_err(|_| {
                    ConfigError::at(*line, format!("the value of `{key}` is no header value"))
                })?;
                headers.push((name, value));
            }
        }
        Ok(Self {
            name: name.to_owned(),
            method,
            path: from_environment(&path, request.line, secrets)?,
            body: body(table, secrets)?,
            headers,
            extract: table.get("extract").map_or(Ok(Vec::new()), extracts)?,
            signed_in: table.get("signed_in").map(Matcher::read).transpose()?,
            expect: table.get("expect").map(Matcher::read).transpose()?,
            before: table
                .get("before")
                .map_or(Ok(Vec::new()), |node| texts(node, "before"))?,
            follow: table
                .get("follow")
                .map(|node| node.flag("follow"))
                .transpose()?,
        })
    }

    /// Whether a value is taken from this step's own answer, for the steps after it.
    pub(crate) fn answers(&self, extract: &Extract) -> bool {
        extract.from == self.name || extract.from == format!("{} {}", self.method, self.path)
    }

    /// Whether the request holds a value by its name.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let placeholder = format!("{{{name}}}");
        self.extract.iter().any(|extract| extract.name == name)
            || self.path.contains(&placeholder)
            || self
                .headers
                .iter()
                .any(|(_, value)| value.contains(&placeholder))
    }

    /// The texts that this identity sends, each under its name.
    pub(crate) fn fields(&self) -> Vec<(String, String)> {
        match &self.body {
            Body::Form(fields) => fields.clone(),
            Body::Json(json) => {
                let mut fields = Vec::new();
                leaves("", json, &mut fields);
                fields
            }
            Body::None | Body::Raw { .. } => Vec::new(),
        }
    }
}

impl Matcher {
    pub(super) fn read(node: &Node) -> Result<Self, ConfigError> {
        if let Value::Text(text) = &node.value {
            return Ok(Self {
                body: vec![text.clone()],
                ..Self::default()
            });
        }
        let table = node.table("signed_in")?;
        table.only(
            "what an answer is like",
            &["status", "body", "not_body", "header", "headers", "json"],
        )?;
        let mut matcher = Self::default();
        if let Some(node) = table.get("status") {
            matcher.status = statuses(node)?;
        }
        if let Some(node) = table.get("body") {
            matcher.body = texts(node, "body")?;
        }
        if let Some(node) = table.get("not_body") {
            matcher.not_body = texts(node, "not_body")?;
        }
        for key in ["header", "headers"] {
            if let Some(node) = table.get(key) {
                for (name, _, value) in &node.table(key)?.entries {
                    let value = value.text(name)?.to_owned();
                    matcher.headers.push((name.clone(), value));
                }
            }
        }
        if let Some(node) = table.get("json") {
            for (pointer, line, value) in &node.table("json")?.entries {
                let pointer = match pointer.starts_with('/') {
                    true => pointer.clone(),
                    false => format!("/{pointer}"),
                };
                let value = json(value, &mut Vec::new())
                    .map_err(|_| ConfigError::at(*line, "write the value itself"))?;
                matcher.json.push((pointer, value));
            }
        }
        if matcher.is_empty() {
            return Err(ConfigError::at(
                node.line,
                "it says nothing; write { status = 200, body = \"welcome alice\" }",
            ));
        }
        Ok(matcher)
    }

    fn is_empty(&self) -> bool {
        self.status.is_empty()
            && self.body.is_empty()
            && self.not_body.is_empty()
            && self.headers.is_empty()
            && self.json.is_empty()
    }
}

fn method_and_path(node: &Node) -> Result<(Method, String), ConfigError> {
    let text = node.text("request")?.trim();
    let wrong = || {
        ConfigError::at(
            node.line,
            format!("`{text}` is no request; write a method and a path: \"GET /me\""),
        )
    };
    let (method, path) = text.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let path = path.trim();
    let method = Method::from_bytes(method.to_ascii_uppercase().as_bytes()).map_err(|_| wrong())?;
    if !path.starts_with('/') && !path.starts_with("http://") && !path.starts_with("https://") {
        return Err(wrong());
    }
    Ok((method, path.to_owned()))
}

fn body(table: &Table, secrets: &mut Vec<String>) -> Result<Body, ConfigError> {
    let given: Vec<&str> = ["form", "json", "body"]
        .into_iter()
        .filter(|key| table.get(key).is_some())
        .collect();
    if let [_, second, ..] = given[..] {
        let line = table.get(second).map_or(1, |node| node.line);
        return Err(ConfigError::at(
            line,
            format!("a request has one body; leave one of: {}", given.join(", ")),
        ));
    }
    if let Some(node) = table.get("form") {
        let mut fields = Vec::new();
        for (key, _, value) in &node.table("form")?.entries {
            match &value.value {
                Value::Array(values) => {
                    for value in values {
                        fields.push((key.clone(), scalar(value, key, secrets)?));
                    }
                }
                _ => fields.push((key.clone(), scalar(value, key, secrets)?)),
            }
        }
        return Ok(Body::Form(fields));
    }
    if let Some(node) = table.get("json") {
        return Ok(Body::Json(json(node, secrets)?));
    }
    match table.get("body") {
        Some(node) => Ok(Body::Raw {
            content: from_environment(node.text("body")?, node.line, secrets)?,
            media_type: table
                .get("content_type")
                .map_or(Ok("text/plain"), |node| node.text("content_type"))?
                .to_owned(),
        }),
        None => Ok(Body::None),
    }
}

fn json(node: &Node, secrets: &mut Vec<String>) -> Result<Json, ConfigError> {
    Ok(match &node.value {
        Value::Text(text) => Json::String(from_environment(text, node.line, secrets)?),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Array(values) => Json::Array(
            values
                .iter()
                .map(|value| json(value, secrets))
                .collect::<Result<_, _>>()?,
        ),
        Value::Table(table) if table.entries.len() == 1 && table.get("env").is_some() => {
            Json::String(scalar(node, "json", secrets)?)
        }
        Value::Table(table) => Json::Object(
            table
                .entries
                .iter()
                .map(|(key, _, value)| Ok((key.clone(), json(value, secrets)?)))
                .collect::<Result<_, ConfigError>>()?,
        ),
    })
}

fn extracts(node: &Node) -> Result<Vec<Extract>, ConfigError> {
    node.table("extract")?
        .entries
        .iter()
        .map(|(name, line, node)| {
            let table = node.table(name)?;
            table.only(
                &format!("extract.{name}"),
                &[
                    "from",
                    "css",
                    "attr",
                    "attribute",
                    "json",
                    "pointer",
                    "header",
                    "cookie",
                    "after",
                    "before",
                ],
            )?;
            let text = |key: &str| table.get(key).map(|node| node.text(key)).transpose();
            let from = text("from")?.ok_or_else(|| {
                ConfigError::at(
                    *line,
                    format!("extract.{name} says no answer; write from = \"GET /login\""),
                )
            })?;
            let pointer = text("json")?.or(text("pointer")?);
            let attribute = text("attr")?.or(text("attribute")?).map(str::to_owned);
            let source = if let Some(selector) = text("css")? {
                scraper::Selector::parse(selector).map_err(|_| {
                    ConfigError::at(*line, format!("`{selector}` is no CSS selector"))
                })?;
                Source::Css {
                    selector: selector.to_owned(),
                    attribute,
                }
            } else if let Some(pointer) = pointer {
                Source::Json(match pointer.starts_with('/') {
                    true => pointer.to_owned(),
                    false => format!("/{}", pointer.replace('.', "/")),
                })
            } else if let Some(header) = text("header")? {
                Source::Header(header.to_owned())
            } else if let Some(cookie) = text("cookie")? {
                Source::Cookie(cookie.to_owned())
            } else if let (Some(after), Some(before)) = (text("after")?, text("before")?) {
                Source::Between(after.to_owned(), before.to_owned())
            } else {
                return Err(ConfigError::at(
                    *line,
                    format!(
                        "extract.{name} says no place; write one of css = \"input[name=…]\", \
                         json = \"/token\", header = \"…\", cookie = \"…\", \
                         after = \"…\" with before = \"…\""
                    ),
                ));
            };
            Ok(Extract {
                name: name.clone(),
                from: from.trim().to_owned(),
                source,
            })
        })
        .collect()
}

fn texts(node: &Node, what: &str) -> Result<Vec<String>, ConfigError> {
    match &node.value {
        Value::Array(values) => values
            .iter()
            .map(|value| value.text(what).map(str::to_owned))
            .collect(),
        _ => Ok(vec![node.text(what)?.to_owned()]),
    }
}

fn statuses(node: &Node) -> Result<Vec<u16>, ConfigError> {
    let one = |node: &Node| {
        node.number("status")
            .ok()
            .and_then(|number| u16::try_from(number).ok())
            .filter(|number| (100..600).contains(number))
            .ok_or_else(|| node.unexpected("status", "a number from 100 to 599"))
    };
    match &node.value {
        Value::Array(values) => values.iter().map(one).collect(),
        _ => Ok(vec![one(node)?]),
    }
}

fn leaves(name: &str, json: &Json, fields: &mut Vec<(String, String)>) {
    match json {
        Json::String(text) => fields.push((name.to_owned(), text.clone())),
        Json::Number(number) => fields.push((name.to_owned(), number.to_string())),
        Json::Array(values) => values.iter().for_each(|value| leaves(name, value, fields)),
        Json::Object(values) => values
            .iter()
            .for_each(|(name, value)| leaves(name, value, fields)),
        Json::Null | Json::Bool(_) => {}
    }
}
