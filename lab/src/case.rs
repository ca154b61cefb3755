//! A server with flags, the configuration for it, and what a scan has to find.

use std::path::{Path, PathBuf};

use crate::stack::Stack;

/// A server with flags, and what a scan of it has to find.
#[derive(Clone, Debug)]
pub struct Case {
    /// What the server is written with.
    pub stack: Stack,
    /// The planted faults.
    pub bugs: Vec<&'static str>,
    /// In which way it is odd, and correct.
    pub odd: Vec<&'static str>,
    /// How it is reached.
    pub transport: Transport,
    /// How one signs in.
    pub login: Login,
    /// What a scan finds: these checks, and no others.
    pub finds: Vec<&'static str>,
    /// More of the configuration.
    pub more: &'static str,
    /// Families that take their time, and that only the cases about them run.
    pub slow: Vec<&'static str>,
    /// The configuration has one identity.
    pub alone: bool,
}

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// Plain HTTP.
    Http,
    /// HTTPS.
    Https,
    /// HTTPS, with client certificates.
    MutualTls,
}

/// How one signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// A form with a token in a hidden field.
    CsrfForm,
    /// A form without.
    Form,
    /// JSON.
    Json,
    /// JSON, and the answer has a token that a script sends.
    Bearer,
}

/// Families that take more time than all others together.
const SLOW: [&str; 3] = ["ENT", "RACE", "EXP"];

impl Case {
    /// A server without flags, over plain HTTP.
    pub fn clean(stack: Stack) -> Self {
        Self {
            stack,
            bugs: Vec::new(),
            odd: Vec::new(),
            transport: Transport::Http,
            login: Login::CsrfForm,
            finds: Vec::new(),
            more: "",
            slow: Vec::new(),
            alone: false,
        }
    }

    /// With a planted fault, and what a scan finds of it.
    #[must_use]
    pub fn bug(mut self, bug: &'static str, finds: &[&'static str]) -> Self {
        self.bugs.push(bug);
        self.finds.extend(finds);
        self
    }

    /// Odd, and correct.
    #[must_use]
    pub fn odd(mut self, odd: &'static str) -> Self {
        self.odd.push(odd);
        self
    }

    /// Reached in another way.
    #[must_use]
    pub fn over(mut self, transport: Transport) -> Self {
        self.transport = transport;
        self
    }

    /// With another sign-in.
    #[must_use]
    pub fn login(mut self, login: Login) -> Self {
        self.login = login;
        self
    }

    /// With one identity in its configuration.
    #[must_use]
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// With a family of checks that takes its time.
    #[must_use]
    pub fn with(mut self, family: &'static str) -> Self {
        self.slow.push(family);
        self
    }

    /// With more in its configuration.
    #[must_use]
    pub fn more(mut self, more: &'static str) -> Self {
        self.more = more;
        self
    }

    /// A name for people.
    pub fn name(&self) -> String {
        let mut name = self.stack.name().to_owned();
        match self.transport {
            Transport::Http => {}
            Transport::Https => name += ", https",
            Transport::MutualTls => name += ", mutual TLS",
        }
        for flag in self.bugs.iter().chain(&self.odd) {
            name += ", ";
            name += flag;
        }
        if self.bugs.is_empty() && self.odd.is_empty() {
            name += ", clean";
        }
        name
    }

    /// The families that a scan of it leaves out.
    pub fn skipped(&self) -> Vec<String> {
        SLOW.iter()
            .filter(|family| !self.slow.contains(family))
            .map(|family| (*family).to_owned())
            .collect()
    }

    /// The revocation list that the server follows: one of its own, as cases run beside each
    /// other.
    pub fn crl(&self, port: u16, certificates: &Path) -> Option<PathBuf> {
        (self.stack == Stack::Flask && self.transport == Transport::MutualTls)
            .then(|| certificates.join(format!("crl-{port}.pem")))
    }

    /// The scanner's configuration for it.
    pub fn configuration(&self, port: u16, certificates: &Path) -> String {
        let scheme = match self.transport {
            Transport::Http => "http://127.0.0.1",
            Transport::Https | Transport::MutualTls => "https://localhost",
        };
        let folder = certificates.display();
        let mutual = self.transport == Transport::MutualTls;
        let certificate = |name: &str| match mutual {
            true => format!("cert = \"{folder}/{name}.pem\"\nkey = \"{folder}/{name}.key\"\n"),
            false => String::new(),
        };
        let part = match self.login {
            Login::CsrfForm | Login::Form => "form",
            Login::Json | Login::Bearer => "json",
        };
        let extract = match self.login {
            Login::CsrfForm => {
                "extract = { csrf_token = { from = \"GET /login\", css = \"input[name=csrf_token]\" } }\n"
            }
            Login::Form | Login::Json | Login::Bearer => "",
        };
        let bearer = match self.login {
            Login::Bearer => {
                "extract = { authorization = { from = \"POST /login\", json = \"/token\" } }\n"
            }
            _ => "",
        };
        let bob = match self.alone {
            true => String::new(),
            false => format!(
                "[identity.bob]\n{}\
                 [identity.bob.{part}]\nusername = \"bob\"\npassword = \"builder\"\n",
                certificate("bob"),
            ),
        };
        let mut text = format!(
            "target = \"{scheme}:{port}\"\n\
             [identity.alice]\n{}{bob}\
             [step.login]\nrequest = \"POST /login\"\n\
             {part} = {{ username = \"alice\", password = \"wonderland\" }}\n{extract}\
             [step.whoami]\nrequest = \"GET /me\"\n\
             signed_in = {{ status = 200, body = \"welcome alice\" }}\n{bearer}",
            certificate("alice"),
        );
        for (step, request) in [
            ("logout", "request = \"POST /logout\""),
            (
                "write",
                "request = \"POST /write\"\nform = { key = \"colour\", value = \"crimson\" }",
            ),
            ("read", "request = \"GET /read\""),
            ("slow", "request = \"GET /slow?key=shape&value=octagon\""),
            ("elevate", "request = \"POST /elevate\""),
        ] {
            text += &format!("[step.{step}]\n{request}\n{bearer}");
        }
        if mutual {
            text +=
                &format!("[pki]\nca_cert = \"{folder}/ca.pem\"\nca_key = \"{folder}/ca.key\"\n");
        }
        if let Some(crl) = self.crl(port, certificates) {
            text += &format!("crl = \"{}\"\n", crl.display());
        }
        // The machine may be busy with other tests; only a target in trouble is not waited for.
        if !self.more.contains("[options]") {
            text += "[options]\ntimeout = \"40s\"\n";
        }
        text += self.more;
        // The page with the form is the one that shows who is signed in.
        if self.odd.contains(&"front") {
            text = text.replace("\"GET /login\"", "\"GET /me\"");
        }
        // The target itself stays without a path, as where several applications share a host.
        match self.odd.contains(&"below") {
            true => text
                .replace("\"GET /", "\"GET /app/")
                .replace("\"POST /", "\"POST /app/"),
            false => text,
        }
    }
}
