//! A portal that is behind a proxy.

use std::path::Path;

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_core::{PeerCertificate, PublicKeyHash};
use certsession_tls::{ClientChainVerifier, MutualTls};
use tempfile::TempDir;

use crate::certificates::Certificates;
use crate::curl::Curl;
use crate::matrix::Plan;
use crate::programs::Portal;
use crate::transport::{Http, Stack};

/// The name of the proxy in its certificate.
const PROXY_NAME: &str = "proxy.example";

/// A portal behind a proxy whose certificate it knows. The proxy's CA is another one than the clients'.
pub struct BehindProxy {
    /// The portal, and the certificates of its clients.
    pub portal: Portal,
    authority: Authority,
    proxy: Identity,
    dir: TempDir,
}

impl BehindProxy {
    /// Starts a portal that knows its proxy by the public key.
    pub fn by_key(plan: Plan, dialect: &str, flags: &[&str]) -> Self {
        Self::start(plan, dialect, flags, |_, proxy| {
            vec!["--proxy-spki".to_owned(), spki(proxy)]
        })
    }

    /// Starts a portal that knows its proxy by CA and name.
    pub fn by_name(plan: Plan, dialect: &str, flags: &[&str]) -> Self {
        Self::start(plan, dialect, flags, |dir, _| {
            let ca = dir.join("proxy-ca.pem").display().to_string();
            let flags = ["--proxy-ca", &ca, "--proxy-name", PROXY_NAME];
            flags.map(str::to_owned).to_vec()
        })
    }

    /// Starts a portal that knows its proxy by the flags that are made for a folder.
    pub fn by_flags(plan: Plan, dialect: &str, flags: impl Fn(&Path) -> Vec<String>) -> Self {
        Self::start(plan, dialect, &[], |dir, _| flags(dir))
    }

    fn start(
        plan: Plan,
        dialect: &str,
        flags: &[&str],
        identity: impl Fn(&Path, &Identity) -> Vec<String>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new("proxies of the test").unwrap();
        let proxy = authority.issue(&LeafRequest::client("proxy").dns(PROXY_NAME));
        let proxy = proxy.unwrap();
        std::fs::write(dir.path().join("proxy-ca.pem"), authority.certificate_pem()).unwrap();
        let identity = identity(dir.path(), &proxy);
        let mut all = vec!["--peer", "proxy", "--dialect", dialect];
        all.extend(["--client-ca", "{dir}/ca.pem"]);
        all.extend(identity.iter().map(String::as_str));
        all.extend(flags);
        let portal = Portal::start(plan, &all);
        let this = Self {
            portal,
            authority,
            proxy,
            dir,
        };
        std::fs::copy(this.portal.pki.certificate_path("ca"), this.file("ca.pem")).unwrap();
        this.write("proxy", &this.proxy);
        this
    }

    /// curl as the proxy.
    pub fn as_proxy(&self) -> Curl {
        self.curl(Some("proxy"))
    }

    /// curl with a certificate of the proxy's CA, for this request.
    pub fn as_another(&self, request: &LeafRequest) -> Curl {
        self.write("another", &self.authority.issue(request).unwrap());
        self.curl(Some("another"))
    }

    /// curl without a certificate.
    pub fn as_stranger(&self) -> Curl {
        self.curl(None)
    }

    /// The folder with the proxy's files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    fn curl(&self, name: Option<&str>) -> Curl {
        let base = self.portal.stranger().base().to_owned();
        Curl::new(&base, self.dir.path(), name, Http::One)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, identity: &Identity) {
        let (certificate, key) = (identity.certificate_pem(), identity.key().pem());
        std::fs::write(self.file(&format!("{name}.pem")), certificate).unwrap();
        std::fs::write(self.file(&format!("{name}.key")), &key).unwrap();
        let both = format!("{certificate}{key}");
        std::fs::write(self.file(&format!("{name}-and-key.pem")), both).unwrap();
    }
}

/// Verifies the clients of these certificates, by a TLS stack.
pub fn chain_verifier(stack: Stack, certificates: &Certificates) -> ClientChainVerifier {
    let builder = MutualTls::builder().client_ca_pem(certificates.authority().certificate_pem());
    match stack {
        Stack::Rustls => builder.build_rustls_chain_verifier(),
        Stack::Openssl => builder.build_openssl_chain_verifier(),
    }
    .unwrap()
}

/// The value of `--proxy-spki`.
fn spki(identity: &Identity) -> String {
    let certificate = PeerCertificate::from_der(identity.certificate_der());
    let hash: PublicKeyHash = *certificate.unwrap().public_key_hash();
    hash.to_string()
}
