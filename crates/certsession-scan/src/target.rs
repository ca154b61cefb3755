//! The application under test, and the limits within which it is asked.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use url::Url;

use crate::config::{Config, Identity, is_loopback};
use crate::http::{ClientTls, ServerTrust, Trouble};
use crate::transcript::Transcript;

/// So many time-outs in one scan, and the target counts as gone: each one costs its full time.
const MAX_TIMEOUTS: u32 = 4;
/// So many failures in a row, and the target counts as gone, or as wanting to be left alone.
const MAX_STREAK: u32 = 8;

/// The application under test: who asks it, within which limits, and what was said.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) config: Config,
    pub(crate) trust: ServerTrust,
    /// One for each identity, in their order.
    certificates: Vec<ClientTls>,
    no_certificate: ClientTls,
    allowed_hosts: Vec<String>,
    pub(crate) transcript: Mutex<Transcript>,
    requests: AtomicU32,
    /// Whether an answer since [`Self::begin_check`] was a 429.
    limited: AtomicBool,
    timeouts: AtomicU32,
    streak: AtomicU32,
    stopped: Mutex<Option<String>>,
    next: Mutex<Instant>,
    interrupted: watch::Receiver<bool>,
}

impl Target {
    pub(crate) fn new(
        config: Config,
        trust: ServerTrust,
        allowed_hosts: Vec<String>,
        interrupted: watch::Receiver<bool>,
    ) -> Result<Self, String> {
        let certificates = config
            .identities
            .iter()
            .map(|identity| match &identity.certificate {
                Some(files) => ClientTls::of_files(&files.certificate, &files.key, &trust),
                None => Ok(ClientTls::anonymous(&trust)),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            no_certificate: ClientTls::anonymous(&trust),
            transcript: Mutex::new(Transcript::new(&config)),
            config,
            trust,
            certificates,
            allowed_hosts,
            requests: AtomicU32::new(0),
            limited: AtomicBool::new(false),
            timeouts: AtomicU32::new(0),
            streak: AtomicU32::new(0),
            stopped: Mutex::new(None),
            next: Mutex::new(Instant::now()),
            interrupted,
        })
    }

    pub(crate) fn victim(&self) -> &Identity {
        // The configuration has at least one identity.
        &self.config.identities[0]
    }

    pub(crate) fn other(&self) -> Option<&Identity> {
        self.config.identities.get(1)
    }

    pub(crate) fn certificate(&self, identity: usize) -> &ClientTls {
        self.certificates
            .get(identity)
            .unwrap_or(&self.no_certificate)
    }

    pub(crate) fn no_certificate(&self) -> &ClientTls {
        &self.no_certificate
    }

    /// What the attacker shows: a certificate of another identity's where there is one, else
    /// the victim's, as a server with mutual TLS lets no one else in.
    pub(crate) fn attackers_certificate(&self) -> &ClientTls {
        self.certificates
            .iter()
            .skip(1)
            .find(|tls| tls.leaf().is_some())
            .unwrap_or(self.certificate(0))
    }

    pub(crate) fn is_https(&self) -> bool {
        self.config.target.scheme() == "https"
    }

    pub(crate) fn may_ask(&self, url: &Url) -> bool {
        is_loopback(url)
            || url
                .host_str()
                .is_some_and(|host| self.allowed_hosts.iter().any(|allowed| allowed == host))
    }

    pub(crate) fn requests(&self) -> u32 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Waits for a request's turn.
    pub(crate) async fn admit(&self) -> Result<(), Trouble> {
        if *self.interrupted.borrow() {
            return Err(self.interruption());
        }
        if let Some(why) = lock(&self.stopped).clone() {
            return Err(Trouble::Stopped(why));
        }
        if self.requests.fetch_add(1, Ordering::Relaxed) >= self.config.max_requests {
            let why = format!(
                "the scan's limit of {} requests is reached (max_requests)",
                self.config.max_requests
            );
            return Err(self.stop(why));
        }
        let spacing = Duration::from_secs(1) / self.config.requests_per_second;
        let wait = {
            let mut next = lock(&self.next);
            let now = Instant::now();
            let at = (*next).max(now);
            *next = at + spacing;
            at - now
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    /// Ends once the scan is interrupted.
    pub(crate) async fn interrupted(&self) {
        let mut interrupted = self.interrupted.clone();
        if interrupted.wait_for(|flag| *flag).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub(crate) fn interruption(&self) -> Trouble {
        Trouble::Stopped("the scan was interrupted".to_owned())
    }

    /// Begins a check: forgets the transcript and the limits of the one before.
    pub(crate) fn begin_check(&self) {
        self.transcript().begin();
        self.limited.store(false, Ordering::Relaxed);
    }

    /// Whether the target has limited the rate since the check began, so that what a check took
    /// for a refusal may have been the limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.limited.load(Ordering::Relaxed)
    }

    /// Counts what came of a request, and gives the target up where it answers no more.
    pub(crate) fn note(&self, trouble: Option<&Trouble>) {
        if matches!(trouble, Some(Trouble::Status(429, _))) {
            self.limited.store(true, Ordering::Relaxed);
        }
        let in_a_row = match trouble {
            Some(Trouble::Timeout(_)) => {
                if self.timeouts.fetch_add(1, Ordering::Relaxed) + 1 >= MAX_TIMEOUTS {
                    self.stop(format!(
                        "the target gave no answer {MAX_TIMEOUTS} times; the scan gave up"
                    ));
                }
                return;
            }
            Some(Trouble::Connect(_) | Trouble::Reset(_) | Trouble::Status(429, _)) => {
                self.streak.fetch_add(1, Ordering::Relaxed) + 1
            }
            // A refused handshake is an answer: the certificate checks ask for it.
            _ => {
                self.streak.store(0, Ordering::Relaxed);
                return;
            }
        };
        if in_a_row >= MAX_STREAK
            && let Some(trouble) = trouble
        {
            self.stop(format!("{MAX_STREAK} times in a row: {trouble}"));
        }
    }

    fn stop(&self, why: String) -> Trouble {
        let mut stopped = lock(&self.stopped);
        Trouble::Stopped(stopped.get_or_insert(why).clone())
    }

    pub(crate) fn transcript(&self) -> MutexGuard<'_, Transcript> {
        lock(&self.transcript)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking check left half written is only a line of a transcript.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Target;
    use crate::config::Config;
    use crate::http::{ServerTrust, Trouble};

    #[test]
    fn a_limit_is_remembered_until_the_next_check() {
        let config = Config::parse(
            "target = \"http://localhost\"\n[identity.alice]\n\
             [step.login]\nrequest = \"POST /login\"\n\
             [step.whoami]\nrequest = \"GET /me\"\nsigned_in = \"alice\"\n",
            "scan.toml",
        )
        .unwrap();
        let (_sender, interrupted) = tokio::sync::watch::channel(false);
        let trust = ServerTrust::of_system().unwrap();
        let target = Target::new(config, trust, Vec::new(), interrupted).unwrap();
        target.note(Some(&Trouble::Status(429, "/me".to_owned())));
        target.note(None);
        assert!(target.is_limited());
        target.begin_check();
        assert!(!target.is_limited());
    }
}
