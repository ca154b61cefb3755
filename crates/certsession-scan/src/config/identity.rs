//! Identities: each gets the steps with its own values.

use std::collections::BTreeMap;
use std::path::Path;

use super::node::{Node, Table, Value};
use super::settings::certificate_files;
use super::{ConfigError, Identity, Step};

/// What an identity may give values for, in the step that they belong to.
const PARTS: &[(&str, &str)] = &[
    ("form", "login"),
    ("json", "login"),
    ("headers", "login"),
    ("body", "login"),
    ("signed_in", "whoami"),
];

pub(super) fn identities(
    root: &Table,
    steps: &BTreeMap<String, Node>,
    folder: &Path,
    secrets: &mut Vec<String>,
) -> Result<Vec<Identity>, ConfigError> {
    let node = root
        .get("identity")
        .ok_or_else(|| ConfigError::at(1, "the file has no identity; write [identity.alice]"))?;
    let mut identities: Vec<Identity> = Vec::new();
    for (name, line, node) in &node.table("identity")?.entries {
        let table = node.table(name)?;
        let mut keys = vec!["cert", "key", "step"];
        keys.extend(PARTS.iter().map(|(part, _)| *part));
        keys.extend(steps.keys().map(String::as_str));
        table.only(&format!("[identity.{name}]"), &keys)?;
        let certificate = certificate_files(table, "cert", "key", *line, folder)?;
        let mut own = BTreeMap::new();
        for (step, node) in steps {
            let node = with_values(step, node, table)?;
            own.insert(step.clone(), Step::read(step, &node, secrets)?);
        }
        if let Some(first) = identities.first() {
            let says_signed_in = table.get("signed_in").is_some()
                || table.get("whoami").is_some()
                || table.get("step").is_some();
            if !says_signed_in {
                in_words_of(first, name, &mut own);
            }
        }
        identities.push(Identity {
            name: name.clone(),
            certificate,
            steps: own,
        });
    }
    if identities.is_empty() {
        return Err(ConfigError::at(
            node.line,
            "the file has no identity; write [identity.alice]",
        ));
    }
    Ok(identities)
}

/// A step with the values that an identity gives for it: `[identity.bob.form]` for the sign-in,
/// `[identity.bob.signed_in]` for whoami, and `[identity.bob.step.NAME.form]` or
/// `[identity.bob.NAME.form]` for any step.
fn with_values(step: &str, node: &Node, identity: &Table) -> Result<Node, ConfigError> {
    let mut merged = node.clone();
    for (part, of) in PARTS {
        let Some(values) = identity.get(part) else {
            continue;
        };
        let part_of_step = match &node.value {
            Value::Table(table) => table.get(part),
            _ => None,
        };
        let values = match part_of_step {
            _ if *of == step => values.clone(),
            // Of the values for the sign-in, another step gets those that it sends as well.
            Some(own) if *part != "signed_in" => shared_entries(own, values),
            _ => continue,
        };
        merged = merged.merged(&in_table(part, values));
    }
    let nested = identity
        .get("step")
        .map(|node| node.table("step"))
        .transpose()?
        .and_then(|table| table.get(step));
    for values in [nested, identity.get(step)].into_iter().flatten() {
        merged = merged.merged(values);
    }
    Ok(merged)
}

fn shared_entries(own: &Node, values: &Node) -> Node {
    let mut shared = values.clone();
    if let (Value::Table(own), Value::Table(values)) = (&own.value, &mut shared.value) {
        values.entries.retain(|(key, ..)| own.get(key).is_some());
    }
    shared
}

fn in_table(key: &str, node: Node) -> Node {
    let line = node.line;
    Node {
        line,
        value: Value::Table(Table {
            entries: vec![(key.to_owned(), line, node)],
        }),
    }
}

/// Says in this identity's words what the file says of the first: "welcome alice" becomes
/// "welcome bob" where bob signs in with `bob` for what alice signs in with `alice` for.
fn in_words_of(first: &Identity, name: &str, own: &mut BTreeMap<String, Step>) {
    let mut words = vec![(first.name.clone(), name.to_owned())];
    if let (Some(theirs), Some(ours)) = (first.step("login"), own.get("login")) {
        let ours = ours.fields();
        for (field, value) in theirs.fields() {
            if let Some((_, other)) = ours.iter().find(|(other, _)| *other == field)
                && *other != value
                && value.len() > 1
            {
                words.push((value, other.clone()));
            }
        }
    }
    words.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let Some(matcher) = own
        .get_mut("whoami")
        .and_then(|step| step.signed_in.as_mut())
    else {
        return;
    };
    let swap = |text: &str| {
        words
            .iter()
            .find(|(from, _)| text.contains(from))
            .map(|(from, to)| text.replace(from, to))
    };
    for text in &mut matcher.body {
        if let Some(swapped) = swap(text) {
            *text = swapped;
        }
    }
    for (_, value) in &mut matcher.json {
        if let Some(swapped) = value.as_str().and_then(swap) {
            *value = serde_json::Value::String(swapped);
        }
    }
    for (_, value) in &mut matcher.headers {
        if let Some(swapped) = swap(value) {
            *value = swapped;
        }
    }
}
