//! Why a request has no answer that a check could judge.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a request has no answer that a check could judge. A check that meets one is inconclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The other side refused the TLS handshake, with its alert.
    Refused(String),
    Connect(String),
    Reset(String),
    Timeout(Duration),
    /// A status by which the application says that it did not do its work: 429 and 5xx.
    Status(u16, String),
    /// An answer lacks what a step takes from it.
    Extract(String),
    /// The sign-in, or another step that the check builds on, did not do its work.
    Step(String),
    /// The scan ended: interrupted, too many requests, or a target that answers no more.
    Stopped(String),
}

impl Trouble {
    pub(crate) fn of_io(error: &std::io::Error) -> Self {
        Self::of(error)
    }

    /// Tells a refused handshake from other failures by the alert, which TLS 1.3 delivers only
    /// with the first answer.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut next = Some(error);
        while let Some(error) = next {
            let tls = error.downcast_ref::<rustls::Error>().or_else(|| {
                error
                    .downcast_ref::<std::io::Error>()
                    .and_then(std::io::Error::get_ref)
                    .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            });
            match tls {
                Some(rustls::Error::AlertReceived(alert)) => {
                    return Self::Refused(format!("TLS alert {alert:?}"));
                }
                Some(rustls::Error::InvalidCertificate(why)) => {
                    return Self::Connect(format!(
                        "the server's certificate is not accepted ({why:?}); name its authority \
                         with --ca FILE, and the target as the certificate does"
                    ));
                }
                Some(other) => return Self::Connect(format!("TLS: {other}")),
                None => {}
            }
            if error.source().is_some() || next.is_none() {
                text = error.to_string();
            }
            next = error.source();
            if let Some(inner) = next {
                text = format!("{text}: {inner}");
            }
        }
        Self::Reset(text)
    }

    /// Whether the connection was turned away, which is a right answer to a wrong certificate.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Reset(_))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(formatter, "the TLS handshake was refused ({why})"),
            Self::Connect(why) => write!(formatter, "no connection: {why}"),
            Self::Reset(why) => write!(formatter, "the connection broke off: {why}"),
            Self::Timeout(after) => {
                write!(formatter, "no answer within {} s", after.as_secs_f32())
            }
            Self::Status(429, what) => {
                write!(formatter, "the target limits the rate: {what} answered 429")
            }
            Self::Status(status, what) => {
                write!(formatter, "the target fails: {what} answered {status}")
            }
            Self::Extract(why) | Self::Step(why) | Self::Stopped(why) => formatter.write_str(why),
        }
    }
}
