//! The text of a configuration, with comments that say what to do next.

use serde_json::Value as Json;

use crate::redaction::is_secret_name;

/// What a start knows of an application.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) target: String,
    /// `POST /login`
    pub(super) login: String,
    /// Where the page with the form is, where a hidden field has to be taken from it.
    pub(super) page: Option<String>,
    /// What the sign-in sends; texts alone where it is no JSON. Secrets among them are not written.
    pub(super) fields: Vec<(String, Json)>,
    pub(super) json: bool,
    /// Hidden fields whose value changes.
    pub(super) hidden: Vec<String>,
    pub(super) whoami: Option<String>,
    pub(super) logout: Option<String>,
}

impl Draft {
    pub(super) fn render(&self) -> String {
        let mut text = format!(
            "# certsession-scan: `certsession-scan check scan.toml` says what is missing here.\n\
             target = {}\n\n\
             # The first identity is the victim, the second the attacker. Each may have a client\n\
             # certificate: cert = \"alice.pem\", key = \"alice.key\".\n\
             [identity.alice]\n\n\
             [identity.bob]\n",
            quoted(&self.target)
        );
        let part = if self.json { "json" } else { "form" };
        if !self.fields.is_empty() {
            text += "# What bob signs in with; secrets come from the environment.\n";
            text += &format!("[identity.bob.{part}]\n");
            for (name, value) in &self.fields {
                if let Some(value) = of_bob(name, value) {
                    text += &format!("{} = {value}\n", key(name));
                }
            }
        }
        text += &format!("\n[step.login]\nrequest = {}\n", quoted(&self.login));
        let fields: Vec<String> = self
            .fields
            .iter()
            .filter_map(|(name, value)| Some(format!("{} = {}", key(name), of_alice(name, value)?)))
            .collect();
        if !fields.is_empty() {
            text += &format!("{part} = {{ {} }}\n", fields.join(", "));
        }
        if let Some(page) = &self.page
            && !self.hidden.is_empty()
        {
            let extracts: Vec<String> = self
                .hidden
                .iter()
                .map(|name| {
                    format!(
                        "{} = {{ from = {}, css = {} }}",
                        key(name),
                        quoted(&format!("GET {page}")),
                        quoted(&format!("input[name='{name}']"))
                    )
                })
                .collect();
            text += &format!(
                "# Taken from the page and sent with the form.\nextract = {{ {} }}\n",
                extracts.join(", ")
            );
        }
        text += &format!(
            "\n# A page that shows who is signed in, and what it says then; for bob, alice's name is\n\
             # replaced by his.\n\
             [step.whoami]\nrequest = {}\nsigned_in = {{ status = 200, body = \"alice\" }}\n",
            quoted(self.whoami.as_deref().unwrap_or("GET /"))
        );
        match &self.logout {
            Some(logout) => text += &format!("\n[step.logout]\nrequest = {}\n", quoted(logout)),
            None => text += "\n# [step.logout]\n# request = \"POST /logout\"\n",
        }
        text + "\n\
            # [step.write]    # keeps a value in the session: FIX-04, RACE-03\n\
            # [step.read]     # shows it\n\
            # [step.slow]     # reads the session, takes its time, writes it: RACE-01 to RACE-03\n\
            # [step.elevate]  # gains rights: ROT-01\n\
            # [step.password] # changes the password to what it is: ROT-02\n"
    }
}

/// A value as alice sends it. None for JSON's null, which TOML does not have.
fn of_alice(name: &str, value: &Json) -> Option<String> {
    Some(match value {
        Json::Null => return None,
        Json::Object(fields) => table(fields.iter().filter_map(|(name, value)| {
            let value = of_alice(name, value)?;
            Some((name.as_str(), value))
        })),
        Json::Array(values) => {
            let values: Vec<String> = values
                .iter()
                .filter_map(|value| of_alice(name, value))
                .collect();
            format!("[{}]", values.join(", "))
        }
        Json::String(text) if !text.is_empty() && !is_secret_name(name) => quoted(text),
        Json::String(_) => quoted(&value_for(name, "alice")),
        Json::Number(_) | Json::Bool(_) if is_secret_name(name) => {
            quoted(&value_for(name, "alice"))
        }
        Json::Number(_) | Json::Bool(_) => value.to_string(),
    })
}

/// The same where bob has a value of his own: for texts and secrets.
fn of_bob(name: &str, value: &Json) -> Option<String> {
    match value {
        Json::Object(fields) => {
            let own: Vec<(&str, String)> = fields
                .iter()
                .filter_map(|(name, value)| Some((name.as_str(), of_bob(name, value)?)))
                .collect();
            (!own.is_empty()).then(|| table(own.into_iter()))
        }
        Json::String(_) => Some(quoted(&value_for(name, "bob"))),
        Json::Number(_) | Json::Bool(_) if is_secret_name(name) => {
            Some(quoted(&value_for(name, "bob")))
        }
        _ => None,
    }
}

fn table<'n>(entries: impl Iterator<Item = (&'n str, String)>) -> String {
    let entries: Vec<String> = entries
        .map(|(name, value)| format!("{} = {value}", key(name)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

fn value_for(name: &str, identity: &str) -> String {
    match is_secret_name(name) {
        true => format!("${{{}_{}}}", identity.to_uppercase(), variable(name)),
        false => identity.to_owned(),
    }
}

fn variable(name: &str) -> String {
    name.chars()
        .map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_uppercase(),
            false => '_',
        })
        .collect()
}

fn key(name: &str) -> String {
    let bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match bare {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
