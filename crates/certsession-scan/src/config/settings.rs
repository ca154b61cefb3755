//! The tables beside identities and steps: options, the policy, the authority at hand.

use std::path::Path;
use std::time::Duration;

use super::node::{Node, Table, Value};
use super::values::from_environment;
use super::{CertificateFiles, ConfigError, PkiSettings, Policy};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const DEFAULT_REQUESTS: u32 = 2_000;
const DEFAULT_RATE: u32 = 200;

pub(super) struct Options {
    pub(super) timeout: Duration,
    pub(super) max_requests: u32,
    pub(super) requests_per_second: u32,
}

pub(super) fn options(root: &Table) -> Result<Options, ConfigError> {
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

pub(super) fn policy(root: &Table) -> Result<Policy, ConfigError> {
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

pub(super) fn pki(root: &Table, folder: &Path) -> Result<Option<PkiSettings>, ConfigError> {
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

pub(super) fn certificate_files(
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
