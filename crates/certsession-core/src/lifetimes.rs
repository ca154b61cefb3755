//! Session lifetimes.

use std::time::Duration;

use crate::time::Timestamp;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The lifetimes of sessions and tokens, in the terms of OWASP's session management guidance.
///
/// A session always ends when its certificate does: every deadline is capped by the certificate's
/// `notAfter`.
///
/// ```
/// use certsession_core::Lifetimes;
/// use std::time::Duration;
///
/// let lifetimes = Lifetimes::default()
///     .with_idle(Duration::from_secs(10 * 60))?
///     .with_absolute(Duration::from_secs(8 * 60 * 60))?;
/// assert_eq!(lifetimes.renewal(), Duration::from_secs(15 * 60));
/// # Ok::<(), certsession_core::ZeroLifetime>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    idle: Duration,
    absolute: Duration,
    renewal: Duration,
    grace: Duration,
}

impl Default for Lifetimes {
    /// Idle 30 minutes, absolute 12 hours, renewal 15 minutes, grace 30 seconds.
    fn default() -> Self {
        Self {
            idle: 30 * MINUTE,
            absolute: 12 * HOUR,
            renewal: 15 * MINUTE,
            grace: MINUTE / 2,
        }
    }
}

impl Lifetimes {
    /// NIST SP 800-63B-4 section 2.2.3, authenticator assurance level 2: idle 1 hour, absolute
    /// 24 hours. Both are what it recommends (SHOULD); it requires that there is an absolute
    /// timeout.
    pub fn aal2() -> Self {
        Self {
            idle: HOUR,
            absolute: 24 * HOUR,
            ..Self::default()
        }
    }

    /// NIST SP 800-63B-4 section 2.3.3, authenticator assurance level 3: idle 15 minutes, which it
    /// recommends (SHOULD), and absolute 12 hours, which it requires (SHALL).
    pub fn aal3() -> Self {
        Self {
            idle: 15 * MINUTE,
            absolute: 12 * HOUR,
            ..Self::default()
        }
    }

    /// Sets the idle timeout: a session that is not used for this long ends. A request counts as a
    /// use at the time when it arrives. Default: 30 minutes.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn with_idle(self, idle: Duration) -> Result<Self, ZeroLifetime> {
        let idle = nonzero(idle, "idle")?;
        Ok(Self { idle, ..self })
    }

    /// Sets the absolute timeout: a session ends this long after it began or after its last
    /// sign-in, however often it is used. Default: 12 hours.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn with_absolute(self, absolute: Duration) -> Result<Self, ZeroLifetime> {
        let absolute = nonzero(absolute, "absolute")?;
        Ok(Self { absolute, ..self })
    }

    /// Sets the renewal timeout: a token older than this is replaced at its next use. Default: 15
    /// minutes. [`Duration::MAX`] turns renewal off.
    ///
    /// # Errors
    ///
    /// If it is zero.
    pub fn with_renewal(self, renewal: Duration) -> Result<Self, ZeroLifetime> {
        let renewal = nonzero(renewal, "renewal")?;
        Ok(Self { renewal, ..self })
    }

    /// Sets the grace period: how long a renewed token is still accepted, from the same certificate
    /// only, so that requests already in flight succeed. Default: 30 seconds; zero is allowed.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// The idle timeout.
    pub const fn idle(&self) -> Duration {
        self.idle
    }

    /// The absolute timeout.
    pub const fn absolute(&self) -> Duration {
        self.absolute
    }

    /// The renewal timeout.
    pub const fn renewal(&self) -> Duration {
        self.renewal
    }

    /// The grace period of a renewed token.
    pub const fn grace(&self) -> Duration {
        self.grace
    }

    /// The touch interval: the idle deadline is written at most this often. It is a tenth of the
    /// idle timeout, and at most one minute.
    ///
    /// Between two writes the record shows an earlier use than the latest one. So a session can end
    /// this much before its idle timeout, but never after it.
    pub fn touch(&self) -> Duration {
        // No division for most timeouts: each request asks.
        match self.idle >= 10 * MINUTE {
            true => MINUTE,
            false => self.idle / 10,
        }
    }

    /// The latest end of a session that begins `now` under a certificate with this `not_after`.
    pub(crate) fn absolute_deadline(&self, now: Timestamp, not_after: Timestamp) -> Timestamp {
        (now + self.absolute).min(not_after)
    }

    /// The end of a session that is used `now` and never again.
    pub(crate) fn idle_deadline(&self, now: Timestamp, absolute_deadline: Timestamp) -> Timestamp {
        (now + self.idle).min(absolute_deadline)
    }
}

/// A timeout was zero, which would end every session at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {timeout} timeout cannot be zero")]
pub struct ZeroLifetime {
    timeout: &'static str,
}

fn nonzero(duration: Duration, timeout: &'static str) -> Result<Duration, ZeroLifetime> {
    if duration.is_zero() {
        return Err(ZeroLifetime { timeout });
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_capped_by_the_certificate() {
        let lifetimes = Lifetimes::default();
        let now = Timestamp::from_millis(0);
        let not_after = now + MINUTE;
        assert_eq!(lifetimes.absolute_deadline(now, not_after), not_after);
        assert_eq!(lifetimes.idle_deadline(now, not_after), not_after);
    }

    #[test]
    fn a_timeout_of_zero_is_refused_by_its_name() {
        let error = Lifetimes::default().with_renewal(Duration::ZERO);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the renewal timeout cannot be zero"
        );
    }

    #[test]
    fn the_presets_hold_the_limits_of_their_level() {
        let limits = |lifetimes: Lifetimes| (lifetimes.idle(), lifetimes.absolute());
        assert_eq!(limits(Lifetimes::aal2()), (HOUR, 24 * HOUR));
        assert_eq!(limits(Lifetimes::aal3()), (15 * MINUTE, 12 * HOUR));
    }

    #[test]
    fn an_endless_timeout_does_not_overflow() {
        let lifetimes = Lifetimes::default().with_idle(Duration::MAX).unwrap();
        let now = Timestamp::from_millis(1);
        assert_eq!(lifetimes.idle_deadline(now, Timestamp::MAX), Timestamp::MAX);
    }
}
