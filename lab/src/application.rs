//! Real applications, which were not made for this lab: `lab/applications/` has a folder for each,
//! with the command that serves it and the scanner's configuration.

use std::path::{Path, PathBuf};
use std::process::Command;

use certsession_scan::{Config, Options, Report, Silent};
use tokio::sync::watch;

use crate::server::{Server, free_port};
use crate::stack::{StartError, installed};

/// The names of the real applications: folders of `lab/applications`, and what `lab/install` takes.
pub const APPLICATIONS: [&str; 4] = ["django", "dokuwiki", "flask-appbuilder", "node-red"];

/// Serves a real application, scans it, and says which release it is.
///
/// # Errors
/// Where there is none of this name, or it does not start.
pub async fn scan_application(name: &str) -> Result<(String, Report), StartError> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("applications")
        .join(name);
    if !APPLICATIONS.contains(&name) || !folder.is_dir() {
        return Err(StartError::new(format!(
            "there is no {name}; there is {}",
            APPLICATIONS.join(", ")
        )));
    }
    let release = serve(&folder).arg("--version").output();
    let release = release.map_err(StartError::new)?;
    if !release.status.success() {
        return Err(StartError::new(format!(
            "{name} is not installed; run: lab/install {name}"
        )));
    }
    let release = String::from_utf8_lossy(&release.stdout).trim().to_owned();
    let thrown_away = tempfile::tempdir().map_err(StartError::new)?;
    let port = free_port()?;
    let mut command = serve(&folder);
    command.arg(port.to_string()).arg(thrown_away.path());
    let _server = Server::spawn(command, port, name, "no flags")?;

    let file = folder.join("scan.toml");
    let text = std::fs::read_to_string(&file).map_err(StartError::new)?;
    let text = text.replace(":8000", &format!(":{port}"));
    let config = Config::parse(&text, &file).map_err(StartError::new)?;
    let (_sender, interrupted) = watch::channel(false);
    let options = Options::default();
    let report = certsession_scan::run(config, &options, &Silent, interrupted).await;
    Ok((release, report.map_err(StartError::new)?))
}

fn serve(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.arg(folder.join("serve"));
    let installed: PathBuf = installed();
    command.env(
        "LAB_INSTALLED",
        installed.canonicalize().unwrap_or(installed),
    );
    command
}
