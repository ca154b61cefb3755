//! From a document to a configuration.

use std::collections::BTreeMap;
use std::path::Path;

use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::identity::identities;
use super::node::{Node, Table, Value};
use super::settings::{options, pki, policy};
use super::values::{from_environment, scalar};
use super::{Config, ConfigError, Identity};

/// The steps that checks know, beside those that another step names in `before`.
pub(super) const STEPS: &[&str] = &[
    "login",
    "whoami",
    "logout",
    "write",
    "read",
    "slow",
    "elevate",
    "elevated",
    "logout_error",
    "password",
];

pub(super) fn config(text: &str, path: &Path) -> Result<Config, ConfigError> {
    read(text, path).map_err(|error| error.in_file(path))
}

fn read(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let document = Node::parse(text)?;
    let root = document.table("the file")?;
    root.only(
        "the file",
        &[
            "target", "identity", "step", "headers", "options", "policy", "pki",
        ],
    )?;
    let mut secrets = Vec::new();
    let folder = path.parent().unwrap_or(Path::new(""));
    let steps = steps(root)?;
    let identities = identities(root, &steps, folder, &mut secrets)?;
    let says_nothing = |identity: &Identity| {
        let whoami = identity.step("whoami");
        whoami.is_some_and(|whoami| whoami.signed_in.is_none())
    };
    if identities.iter().any(says_nothing) {
        return Err(ConfigError::at(
            steps.get("whoami").map_or(1, |whoami| whoami.line),
            "[step.whoami] does not say what shows that one is signed in; write \
             signed_in = { status = 200, body = \"welcome alice\" }",
        ));
    }
    let options = options(root)?;
    Ok(Config {
        target: target(root)?,
        identities,
        headers: headers(root, &mut secrets)?,
        policy: policy(root)?,
        pki: pki(root, folder)?,
        timeout: options.timeout,
        max_requests: options.max_requests,
        requests_per_second: options.requests_per_second,
        secrets,
        file: path.to_owned(),
        lines: steps
            .iter()
            .map(|(name, node)| (name.clone(), node.line))
            .collect(),
    })
}

fn target(root: &Table) -> Result<Url, ConfigError> {
    let node = root.get("target").ok_or_else(|| {
        ConfigError::at(
            1,
            "the file says no target; write target = \"https://localhost:8443\"",
        )
    })?;
    let text = from_environment(node.text("target")?, node.line, &mut Vec::new())?;
    Url::parse(&text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        .ok_or_else(|| {
            ConfigError::at(
                node.line,
                format!("`{text}` is no target; write http://… or https://… with a host"),
            )
        })
}

fn steps(root: &Table) -> Result<BTreeMap<String, Node>, ConfigError> {
    let node = root.get("step").ok_or_else(|| {
        ConfigError::at(
            1,
            "the file has no steps; write [step.login] and [step.whoami]",
        )
    })?;
    let mut steps = BTreeMap::new();
    let mut named = Vec::new();
    for (name, line, node) in &node.table("step")?.entries {
        let before = node.table(name)?.get("before");
        if let Some(Value::Array(names)) = before.map(|node| &node.value) {
            for node in names {
                named.push((node.text("before")?.to_owned(), node.line));
            }
        } else if let Some(node) = before {
            named.push((node.text("before")?.to_owned(), node.line));
        }
        // The heading, not the first entry, is where a reader looks for a step.
        let node = Node {
            line: *line,
            ..node.clone()
        };
        steps.insert(name.clone(), node);
    }
    for name in steps.keys() {
        let line = steps[name].line;
        if !STEPS.contains(&name.as_str()) && !named.iter().any(|(named, _)| named == name) {
            return Err(ConfigError::at(
                line,
                format!(
                    "no check uses [step.{name}]; the steps are {}, and those that another step \
                     names in `before`",
                    STEPS.join(", ")
                ),
            ));
        }
    }
    for (name, line) in named {
        if !steps.contains_key(&name) {
            return Err(ConfigError::at(
                line,
                format!("there is no [step.{name}] to run before this one"),
            ));
        }
    }
    for needed in ["login", "whoami"] {
        if !steps.contains_key(needed) {
            return Err(ConfigError::at(
                node.line,
                format!("the file has no [step.{needed}], which every check needs"),
            ));
        }
    }
    Ok(steps)
}

fn headers(
    root: &Table,
    secrets: &mut Vec<String>,
) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let Some(node) = root.get("headers") else {
        return Ok(Vec::new());
    };
    node.table("headers")?
        .entries
        .iter()
        .map(|(key, line, value)| {
            let value = scalar(value, key, secrets)?;
            match (
                HeaderName::try_from(key.as_str()),
                HeaderValue::from_str(&value),
            ) {
                (Ok(name), Ok(value)) => Ok((name, value)),
                _ => Err(ConfigError::at(*line, format!("`{key}` is no header"))),
            }
        })
        .collect()
}
