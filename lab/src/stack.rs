//! What a server is written with, and its program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a server is written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// Flask, with sessions of its own on the server.
    Flask,
    /// express-session.
    Express,
    /// actix-web with actix-session.
    Actix,
    /// PHP's own sessions.
    Php,
    /// Tomcat 10, servlets.
    Tomcat,
}

/// Why a server could not be started.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl StartError {
    pub(crate) fn new(why: impl fmt::Display) -> Self {
        Self(why.to_string())
    }
}

impl Stack {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Flask,
        Self::Express,
        Self::Actix,
        Self::Php,
        Self::Tomcat,
    ];

    /// The name that `lab/install` has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flask => "flask",
            Self::Express => "express",
            Self::Actix => "actix",
            Self::Php => "php",
            Self::Tomcat => "tomcat",
        }
    }

    /// The program of its servers, without flags.
    pub(crate) fn program(self) -> Result<Command, StartError> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let installed = installed();
        let needs = |path: PathBuf| -> Result<PathBuf, StartError> {
            match path.exists() {
                true => Ok(path),
                false => Err(StartError(format!(
                    "{} is not installed; run: lab/install {}",
                    self.name(),
                    self.name()
                ))),
            }
        };
        let command = match self {
            Self::Flask => {
                let mut command = Command::new(needs(installed.join("flask/bin/python"))?);
                command.arg(here.join("flask/app.py"));
                command
            }
            Self::Express => {
                let modules = needs(installed.join("express/node_modules"))?;
                let mut command = Command::new("node");
                command.arg(here.join("express/app.js"));
                command
                    .arg("--modules")
                    .arg(modules.parent().unwrap_or(&modules));
                command
            }
            Self::Actix => Command::new(needs(installed.join("actix/debug/lab-actix"))?),
            Self::Php => {
                let mut command = Command::new("sh");
                command.arg(here.join("php/serve"));
                command
            }
            Self::Tomcat => {
                let classes = needs(installed.join("tomcat/classes"))?;
                let mut command = Command::new("java");
                command
                    .arg("-cp")
                    .arg(format!(
                        "{}:/usr/share/tomcat10/lib/*:/usr/share/tomcat10/bin/*:/usr/share/java/tomcat10-juli.jar",
                        classes.display()
                    ))
                    .arg("Lab");
                command
            }
        };
        Ok(command)
    }
}

/// Where `lab/install` puts things.
pub(crate) fn installed() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"),
        PathBuf::from,
    );
    target.join("lab")
}
