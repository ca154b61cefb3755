//! Values that are filled in: secrets from the environment, and placeholders at each request.

use serde_json::Value as Json;

use super::ConfigError;
use super::node::{Node, Value};

/// Replaces `${NAME}`, or a text that is `$NAME` as a whole, by what the environment has.
/// What was taken from there is noted in `secrets`.
pub(super) fn from_environment(
    text: &str,
    line: usize,
    secrets: &mut Vec<String>,
) -> Result<String, ConfigError> {
    if let Some(name) = text.strip_prefix('$').filter(|name| is_variable(name)) {
        return variable(name, line, secrets);
    }
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, after)) if is_variable(name) => {
                filled.push_str(&variable(name, line, secrets)?);
                rest = after;
            }
            _ => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    Ok(filled)
}

/// A value as it goes into a form, a query or a header: text, a number, a flag, or
/// `{ env = "NAME" }`.
pub(super) fn scalar(
    node: &Node,
    what: &str,
    secrets: &mut Vec<String>,
) -> Result<String, ConfigError> {
    match &node.value {
        Value::Text(text) => from_environment(text, node.line, secrets),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Float(number) => Ok(number.to_string()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Table(table) if table.entries.len() == 1 && table.get("env").is_some() => {
            match table.get("env") {
                Some(name) => variable(name.text("env")?, name.line, secrets),
                None => Err(node.unexpected(what, "a text")),
            }
        }
        Value::Array(_) | Value::Table(_) => Err(node.unexpected(what, "a text or a number")),
    }
}

/// A value of JSON, with what the environment has in its texts.
pub(super) fn json(node: &Node, secrets: &mut Vec<String>) -> Result<Json, ConfigError> {
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

/// One text, or a list of them.
pub(super) fn texts(node: &Node, what: &str) -> Result<Vec<String>, ConfigError> {
    match &node.value {
        Value::Array(values) => values
            .iter()
            .map(|value| value.text(what).map(str::to_owned))
            .collect(),
        _ => Ok(vec![node.text(what)?.to_owned()]),
    }
}

/// Puts values in the place of `{name}`. What has no value is left as it is, as a body may
/// hold braces of its own.
pub(crate) fn expand<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let named = from[1..]
            .split_once('}')
            .and_then(|(name, after)| Some((value(name.trim())?, after)));
        match named {
            Some((value, after)) => {
                filled.push_str(value);
                rest = after;
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn variable(name: &str, line: usize, secrets: &mut Vec<String>) -> Result<String, ConfigError> {
    let value = std::env::var(name).map_err(|_| {
        ConfigError::at(
            line,
            format!("the environment has no {name}; set it: export {name}=…"),
        )
    })?;
    if !value.is_empty() && !secrets.contains(&value) {
        secrets.push(value.clone());
    }
    Ok(value)
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase() || first == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}
