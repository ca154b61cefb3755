//! The text of a configuration, with comments that say what to do next.

use crate::redaction::is_secret_name;

/// What a start knows of an application.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) target: String,
    /// `POST /login`
    pub(super) login: String,
    /// Where the page with the form is, where a hidden field has to be taken from it.
    pub(super) page: Option<String>,
    pub(super) fields: Vec<(String, String)>,
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
            for (name, _) in &self.fields {
                text += &format!("{} = {}\n", key(name), quoted(&value_for(name, "bob")));
            }
        }
        text += &format!("\n[step.login]\nrequest = {}\n", quoted(&self.login));
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| {
                let value = match value.is_empty() || is_secret_name(name) {
                    true => value_for(name, "alice"),
                    false => value.clone(),
                };
                format!("{} = {}", key(name), quoted(&value))
            })
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
