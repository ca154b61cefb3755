//! A step: one request, and what is taken from earlier answers for it.

use http::header::{HeaderName, HeaderValue};
use serde_json::Value as Json;

use super::ConfigError;
use super::extract::{Extract, extracts};
use super::matcher::Matcher;
use super::node::{Node, Table, Value};
use super::values::{from_environment, json, scalar, texts};

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
