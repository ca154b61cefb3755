//! What an answer must be like.

use serde_json::Value as Json;

use super::ConfigError;
use super::node::{Node, Value};
use super::values::{json, texts};

/// What an answer must be like.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matcher {
    pub(crate) status: Vec<u16>,
    pub(crate) body: Vec<String>,
    pub(crate) not_body: Vec<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) json: Vec<(String, Json)>,
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
