//! From a document to a configuration: each identity gets the steps with its own values.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use url::Url;

use super::node::{Node, Table, Value};
use super::values::{from_environment, scalar};
use super::{CertificateFiles, Config, ConfigError, Identity, PkiSettings, Policy, Step};

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

/// What an identity may give values for, in the step that they belong to.
const PARTS: &[(&str, &str)] = &[
    ("form", "login"),
    ("json", "login"),
    ("headers", "login"),
    ("body", "login"),
    ("signed_in", "whoami"),
];

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_REQUESTS: u32 = 2_000;
const DEFAULT_RATE: u32 = 200;

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

fn identities(
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

fn certificate_files(
    table: &Table,
    certificate: &str,
    key: &str,
    line: usize,
    folder: &Path,
) -> Result<Option<CertificateFiles>, ConfigError> {
    let file = |name: &str| -> Result<Option<_>, ConfigError> {
        let Some(node) = table.get(name) else {
            return Ok(None);
        };
        let text = from_environment(node.text(name)?, node.line, &mut Vec::new())?;
        let path = folder.join(text);
        if !path.is_file() {
            return Err(ConfigError::at(
                node.line,
                format!("there is no file {}", path.display()),
            ));
        }
        Ok(Some(path))
    };
    match (file(certificate)?, file(key)?) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(CertificateFiles { certificate, key })),
        // One PEM file may hold both.
        (Some(both), None) => Ok(Some(CertificateFiles {
            certificate: both.clone(),
            key: both,
        })),
        (None, Some(_)) => Err(ConfigError::at(
            line,
            format!("`{key}` is of no use without `{certificate}`; write the certificate's file"),
        )),
    }
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

struct Options {
    timeout: Duration,
    max_requests: u32,
    requests_per_second: u32,
}

fn options(root: &Table) -> Result<Options, ConfigError> {
    let mut options = Options {
        timeout: DEFAULT_TIMEOUT,
        max_requests: DEFAULT_REQUESTS,
        requests_per_second: DEFAULT_RATE,
    };
    if let Some(node) = root.get("options") {
        let table = node.table("options")?;
        table.only(
            "[options]",
            &["timeout", "max_requests", "requests_per_second"],
        )?;
        if let Some(node) = table.get("timeout") {
            options.timeout = duration(node, "timeout")?;
        }
        if let Some(node) = table.get("max_requests") {
            options.max_requests = node.number("max_requests")?;
        }
        if let Some(node) = table.get("requests_per_second") {
            options.requests_per_second = node.number("requests_per_second")?.max(1);
        }
    }
    Ok(options)
}

fn policy(root: &Table) -> Result<Policy, ConfigError> {
    let mut policy = Policy::default();
    let Some(node) = root.get("policy") else {
        return Ok(policy);
    };
    let table = node.table("policy")?;
    table.only(
        "[policy]",
        &[
            "idle",
            "absolute",
            "max_sessions",
            "grace",
            "persistence",
            "behind_https",
        ],
    )?;
    let time = |key: &str| table.get(key).map(|node| duration(node, key)).transpose();
    policy.idle = time("idle")?;
    policy.absolute = time("absolute")?;
    policy.grace = time("grace")?.unwrap_or_default();
    policy.persistence = time("persistence")?;
    policy.max_sessions = table
        .get("max_sessions")
        .map(|node| node.number("max_sessions"))
        .transpose()?;
    if let Some(node) = table.get("behind_https") {
        policy.behind_https = node.flag("behind_https")?;
    }
    Ok(policy)
}

fn pki(root: &Table, folder: &Path) -> Result<Option<PkiSettings>, ConfigError> {
    let Some(node) = root.get("pki") else {
        return Ok(None);
    };
    let table = node.table("pki")?;
    table.only(
        "[pki]",
        &["ca_cert", "ca_key", "other_ca_cert", "other_ca_key", "crl"],
    )?;
    let authority =
        certificate_files(table, "ca_cert", "ca_key", node.line, folder)?.ok_or_else(|| {
            ConfigError::at(
                node.line,
                "[pki] says no authority; write ca_cert and ca_key",
            )
        })?;
    Ok(Some(PkiSettings {
        authority,
        other_authority: certificate_files(
            table,
            "other_ca_cert",
            "other_ca_key",
            node.line,
            folder,
        )?,
        crl: table
            .get("crl")
            .map(|node| node.text("crl").map(|text| folder.join(text)))
            .transpose()?,
    }))
}

/// `"1500ms"`, `"10s"`, `"30m"`, `"12h"`, `"14d"`, or a number of seconds.
fn duration(node: &Node, what: &str) -> Result<Duration, ConfigError> {
    let wrong = || node.unexpected(what, "a time such as \"10s\", \"30m\" or \"12h\"");
    let text = match &node.value {
        Value::Integer(seconds) => {
            return u64::try_from(*seconds)
                .map(Duration::from_secs)
                .map_err(|_| wrong());
        }
        Value::Text(text) => text.trim(),
        _ => return Err(wrong()),
    };
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.trim().parse().map_err(|_| {
        ConfigError::at(
            node.line,
            format!("`{text}` is no time; write \"10s\", \"30m\" or \"12h\""),
        )
    })?;
    let unit = match &text[digits.len()..] {
        "ms" => return Ok(Duration::from_millis(number)),
        "s" | "" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        unit => {
            return Err(ConfigError::at(
                node.line,
                format!("`{unit}` is no unit of time; write ms, s, m, h or d"),
            ));
        }
    };
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}
