//! A TOML document whose every value knows its line.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::ConfigError;

/// A value and the line that it is on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) value: Value,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Array(Vec<Node>),
    Table(Table),
}

/// A table, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub(super) entries: Vec<(String, usize, Node)>,
}

impl Node {
    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        let document = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_of(text, span.start));
            ConfigError::at(line, format!("this is not TOML: {}", error.message()))
        })?;
        Ok(Self {
            line: 1,
            value: Value::Table(table(text, document.get_ref())?),
        })
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::Array(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    pub(super) fn text(&self, what: &str) -> Result<&str, ConfigError> {
        match &self.value {
            Value::Text(text) => Ok(text),
            _ => Err(self.unexpected(what, "a text in quotes")),
        }
    }

    pub(super) fn table(&self, what: &str) -> Result<&Table, ConfigError> {
        match &self.value {
            Value::Table(table) => Ok(table),
            _ => Err(self.unexpected(what, "a table")),
        }
    }

    pub(super) fn flag(&self, what: &str) -> Result<bool, ConfigError> {
        match self.value {
            Value::Bool(flag) => Ok(flag),
            _ => Err(self.unexpected(what, "true or false")),
        }
    }

    pub(super) fn number(&self, what: &str) -> Result<u32, ConfigError> {
        match self.value {
            Value::Integer(number) => u32::try_from(number).ok(),
            _ => None,
        }
        .ok_or_else(|| self.unexpected(what, "a number that is not negative"))
    }

    pub(super) fn unexpected(&self, what: &str, expected: &str) -> ConfigError {
        ConfigError::at(
            self.line,
            format!("`{what}` is {}; write {expected}", self.kind()),
        )
    }

    /// This value, with the entries of the other in place of its own where both have them.
    pub(super) fn merged(&self, other: &Self) -> Self {
        match (&self.value, &other.value) {
            (Value::Table(own), Value::Table(others)) => {
                let mut entries = own.entries.clone();
                for (key, line, node) in &others.entries {
                    match entries.iter_mut().find(|(own, ..)| own == key) {
                        Some(entry) => entry.2 = entry.2.merged(node),
                        None => entries.push((key.clone(), *line, node.clone())),
                    }
                }
                Self {
                    line: self.line,
                    value: Value::Table(Table { entries }),
                }
            }
            _ => other.clone(),
        }
    }
}

impl Table {
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entries
            .iter()
            .find(|(own, ..)| own == key)
            .map(|(.., node)| node)
    }

    /// Refuses what is none of these keys, as a misspelt key would silently do nothing.
    pub(super) fn only(&self, of: &str, keys: &[&str]) -> Result<(), ConfigError> {
        for (key, line, _) in &self.entries {
            if !keys.contains(&key.as_str()) {
                return Err(ConfigError::at(
                    *line,
                    format!("{of} has no `{key}`; it may have: {}", keys.join(", ")),
                ));
            }
        }
        Ok(())
    }
}

fn table(text: &str, table: &DeTable<'_>) -> Result<Table, ConfigError> {
    let mut entries = Vec::new();
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        entries.push((key.get_ref().to_string(), line, node(text, value, line)?));
    }
    Ok(Table { entries })
}

fn node(text: &str, value: &Spanned<DeValue<'_>>, line: usize) -> Result<Node, ConfigError> {
    let value = match value.get_ref() {
        DeValue::String(value) => Value::Text(value.to_string()),
        DeValue::Integer(value) => Value::Integer(
            i64::from_str_radix(value.as_str(), value.radix())
                .map_err(|_| ConfigError::at(line, "the number is too large"))?,
        ),
        DeValue::Float(value) => Value::Float(
            value
                .as_str()
                .parse()
                .map_err(|_| ConfigError::at(line, "this is not a number"))?,
        ),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(value) => Value::Text(value.to_string()),
        DeValue::Array(values) => Value::Array(
            values
                .iter()
                .map(|value| node(text, value, line_of(text, value.span().start)))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(values) => Value::Table(table(text, values)?),
    };
    Ok(Node { line, value })
}

fn line_of(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    text.as_bytes()[..end]
        .iter()
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
