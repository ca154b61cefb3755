//! A portal with a real proxy in front.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::behind::BehindProxy;
use super::program::Proxy;
use super::running::Running;
use crate::browser::Browser;
use crate::certificates::Client;
use crate::curl::Curl;
use crate::matrix::Plan;
use crate::port::Port;

/// How long a proxy may take until it listens.
const START: Duration = Duration::from_secs(60);

/// A portal, and a proxy that runs by its recipe. Both run until this is dropped.
pub struct Fronted {
    /// The portal.
    pub behind: BehindProxy,
    proxy: Proxy,
    process: Running,
    port: Port,
    plan: Plan,
}

impl Fronted {
    /// Starts both. The flags are the portal's.
    ///
    /// # Panics
    ///
    /// If the proxy is not installed; the message has the command that installs it.
    pub fn start(plan: Plan, proxy: Proxy, flags: &[&str]) -> Self {
        proxy.program();
        let behind = BehindProxy::by_key(plan, proxy.dialect(), flags);
        let port = Port::reserve();
        let dir = behind.dir();
        let pki = &behind.portal.pki;
        let copies = [
            (pki.certificate_path("server"), "server.pem"),
            (pki.key_path("server"), "server.key"),
            (pki.certificate_path("ca"), "client-ca.pem"),
            (pki.certificate_path("ca"), "app-ca.pem"),
        ];
        for (from, to) in copies {
            fs::copy(from, dir.join(to)).unwrap();
        }
        let both = ["server.pem", "server.key"].map(|name| fs::read(dir.join(name)).unwrap());
        fs::write(dir.join("server-and-key.pem"), both.concat()).unwrap();
        let upstream = port_of(&behind.as_proxy());
        let process = Running::start(proxy, dir, port.number(), upstream);
        let this = Self {
            behind,
            proxy,
            process,
            port,
            plan,
        };
        this.wait_until_it_serves();
        this
    }

    /// Some listen before they have read how to serve.
    fn wait_until_it_serves(&self) {
        let began = Instant::now();
        let stranger = self.stranger();
        let serves = || {
            stranger
                .run_once("/session", &[])
                .is_ok_and(|answer| answer.status == 200)
        };
        while !serves() {
            assert!(
                !self.process.has_ended() && began.elapsed() < START,
                "{:?} does not serve: {}",
                self.proxy,
                self.process.output()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// The proxy.
    pub const fn proxy(&self) -> Proxy {
        self.proxy
    }

    /// curl through the proxy, with the certificate of this name and a new jar.
    pub fn curl(&self, name: &str) -> Curl {
        self.behind.portal.curl(name).at(self.base())
    }

    /// curl through the proxy without a certificate.
    pub fn stranger(&self) -> Curl {
        self.behind.portal.stranger().at(self.base())
    }

    /// A browser through the proxy.
    pub fn browser(&self, client: &Client) -> Browser {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port.number()));
        let authority = self.behind.portal.pki.authority().certificate_der();
        Browser::new(address, authority, Some(client), self.plan.http())
    }

    fn base(&self) -> String {
        format!("https://localhost:{}", self.port.number())
    }
}

fn port_of(curl: &Curl) -> u16 {
    let (_, port) = curl.base().rsplit_once(':').unwrap();
    port.parse().unwrap()
}
