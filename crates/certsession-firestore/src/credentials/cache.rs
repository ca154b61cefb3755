//! Tokens that are held for as long as they are valid, and replaced ahead of time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::timeout;
use tonic::metadata::{Ascii, MetadataValue};

use super::source::{AccessToken, CredentialsError, TokenSource};

/// How long before its end a token is replaced, and in how large a part of its life at the most:
/// one that lives for a minute is not replaced at once.
const AHEAD: Duration = Duration::from_secs(5 * 60);
const LARGEST_PART: u32 = 4;

/// How long before its end a token is not sent any more: it has to arrive.
const SAFETY: Duration = Duration::from_secs(2);

/// How long after a failure the source is left alone while another token is still valid.
const PAUSE: Duration = Duration::from_secs(5);

/// How long the source may take. One that never answers must not keep those who ask after it from
/// asking again.
const LIMIT: Duration = Duration::from_secs(30);

/// The token of the moment.
#[derive(Clone)]
pub(crate) struct Tokens(Arc<Shared>);

struct Shared {
    source: Arc<dyn TokenSource>,
    state: Mutex<State>,
    /// Held by who asks the source: the others wait for what comes of it.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// When the source may be asked ahead of time again.
    not_before: Option<Instant>,
}

#[derive(Clone)]
struct Held {
    header: MetadataValue<Ascii>,
    /// From when on to look for the next one.
    renew_at: Instant,
    /// Until when it can be sent.
    usable_until: Instant,
}

impl Tokens {
    pub(crate) fn new(source: Arc<dyn TokenSource>) -> Self {
        Self(Arc::new(Shared {
            source,
            state: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }))
    }

    /// What a call shows for itself.
    pub(crate) async fn bearer(&self) -> Result<MetadataValue<Ascii>, CredentialsError> {
        let now = Instant::now();
        let Some(held) = self.held(now) else {
            return self.renewed(None).await;
        };
        if held.renew_at <= now && self.may_ask_ahead(now) {
            // The call does not wait for it: the token that is held still serves.
            let (this, old) = (self.clone(), held.header.clone());
            tokio::spawn(async move {
                if let Err(error) = this.renewed(Some(&old)).await {
                    tracing::warn!(
                        target: "certsession::firestore", %error,
                        "no new access token; the old one still serves"
                    );
                }
            });
        }
        Ok(held.header)
    }

    /// Takes note that the server refuses this token.
    pub(crate) fn refused(&self, header: &MetadataValue<Ascii>) {
        let mut state = self.lock();
        if state
            .held
            .as_ref()
            .is_some_and(|held| held.header == *header)
        {
            state.held = None;
        }
    }

    /// Asks the source, unless another task has in the meantime: for another token than `old`.
    async fn renewed(
        &self,
        old: Option<&MetadataValue<Ascii>>,
    ) -> Result<MetadataValue<Ascii>, CredentialsError> {
        let _asking = self.0.asking.lock().await;
        if let Some(held) = self.held(Instant::now())
            && old != Some(&held.header)
        {
            return Ok(held.header);
        }
        let answer = timeout(LIMIT, self.0.source.token()).await;
        let token = answer.map_err(|_| CredentialsError::NoAnswer { waited: LIMIT })??;
        let held = Held::of(token)?;
        let header = held.header.clone();
        self.lock().held = Some(held);
        Ok(header)
    }

    fn held(&self, now: Instant) -> Option<Held> {
        let state = self.lock();
        state.held.clone().filter(|held| now < held.usable_until)
    }

    /// Whether this is the caller who asks ahead of time: one does, and not too often.
    fn may_ask_ahead(&self, now: Instant) -> bool {
        let mut state = self.lock();
        if state.not_before.is_some_and(|time| now < time) {
            return false;
        }
        state.not_before = Some(now + PAUSE);
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn of(token: AccessToken) -> Result<Self, CredentialsError> {
        let header = format!("Bearer {}", token.secret);
        let mut header: MetadataValue<Ascii> =
            header.parse().map_err(|_| CredentialsError::NotAToken)?;
        header.set_sensitive(true);
        let now = Instant::now();
        let ahead = AHEAD.min(token.valid_for / LARGEST_PART);
        let safety = SAFETY.min(token.valid_for / LARGEST_PART);
        Ok(Self {
            header,
            renew_at: now + token.valid_for.saturating_sub(ahead),
            usable_until: now + token.valid_for.saturating_sub(safety),
        })
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tokens").field(&self.0.source).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::Pin;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Gives numbered tokens of this life, and fails from then on.
    #[derive(Debug)]
    struct Source {
        life: Duration,
        given: AtomicU32,
        fails: Arc<AtomicU32>,
    }

    impl TokenSource for Source {
        fn token(
            &self,
        ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>>
        {
            Box::pin(async {
                tokio::task::yield_now().await;
                if self.fails.load(Ordering::Relaxed) > 0 {
                    return Err(CredentialsError::new("out of order"));
                }
                let number = self.given.fetch_add(1, Ordering::Relaxed);
                Ok(AccessToken::new(format!("token-{number}"), self.life))
            })
        }
    }

    fn tokens(life: Duration) -> (Tokens, Arc<AtomicU32>) {
        let fails = Arc::<AtomicU32>::default();
        let source = Source {
            life,
            given: AtomicU32::new(0),
            fails: Arc::clone(&fails),
        };
        (Tokens::new(Arc::new(source)), fails)
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        runtime.unwrap().block_on(future)
    }

    fn text(header: Result<MetadataValue<Ascii>, CredentialsError>) -> String {
        let header = header.unwrap();
        assert!(header.is_sensitive());
        header.to_str().unwrap().to_owned()
    }

    /// The token is to be replaced ahead of time.
    fn due(tokens: &Tokens) {
        let mut state = tokens.lock();
        state.not_before = None;
        state.held.as_mut().unwrap().renew_at = Instant::now();
    }

    const HOUR: Duration = Duration::from_secs(3600);

    /// Gives numbered tokens, and the second time no answer.
    #[derive(Debug, Default)]
    struct HangsOnce(AtomicU32);

    impl TokenSource for HangsOnce {
        fn token(
            &self,
        ) -> Pin<Box<dyn Future<Output = Result<AccessToken, CredentialsError>> + Send + '_>>
        {
            match self.0.fetch_add(1, Ordering::Relaxed) {
                1 => Box::pin(std::future::pending()),
                number => {
                    let token = AccessToken::new(format!("token-{number}"), HOUR);
                    Box::pin(std::future::ready(Ok(token)))
                }
            }
        }
    }

    #[test]
    fn a_source_that_does_not_answer_ahead_of_time_is_asked_again() {
        block_on(async {
            let tokens = Tokens::new(Arc::new(HangsOnce::default()));
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            due(&tokens);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            tokio::task::yield_now().await;
            // The old token ends while the source is asked for the next one.
            tokens.lock().held = None;
            let next = timeout(2 * LIMIT, tokens.bearer()).await;
            assert_eq!(text(next.unwrap()), "Bearer token-2");
        });
    }

    #[test]
    fn a_source_that_does_not_answer_is_an_error() {
        block_on(async {
            let tokens = Tokens::new(Arc::new(HangsOnce(AtomicU32::new(1))));
            let answer = timeout(2 * LIMIT, tokens.bearer()).await;
            let error = answer.unwrap().unwrap_err();
            assert!(
                matches!(error, CredentialsError::NoAnswer { waited } if waited == LIMIT),
                "{error}"
            );
            assert_eq!(text(tokens.bearer().await), "Bearer token-2");
        });
    }

    #[test]
    fn a_token_is_held_while_it_is_valid_and_the_source_is_asked_once() {
        block_on(async {
            let (tokens, fails) = tokens(HOUR);
            let two = futures_util::future::join(tokens.bearer(), tokens.bearer()).await;
            assert_eq!(text(two.0), "Bearer token-0");
            assert_eq!(text(two.1), "Bearer token-0");
            fails.store(1, Ordering::Relaxed);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
        });
    }

    #[test]
    fn a_token_is_replaced_ahead_of_time_while_the_old_one_serves() {
        block_on(async {
            let (tokens, fails) = tokens(HOUR);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            // A source that fails costs nothing while there is a token.
            due(&tokens);
            fails.store(1, Ordering::Relaxed);
            for _ in 0..3 {
                assert_eq!(text(tokens.bearer().await), "Bearer token-0");
                tokio::task::yield_now().await;
            }
            due(&tokens);
            fails.store(0, Ordering::Relaxed);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            for _ in 0..5 {
                tokio::task::yield_now().await;
            }
            assert_eq!(text(tokens.bearer().await), "Bearer token-1");
        });
    }

    #[test]
    fn an_expired_token_is_an_error_until_the_source_recovers() {
        block_on(async {
            let (tokens, fails) = tokens(Duration::ZERO);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            fails.store(1, Ordering::Relaxed);
            assert!(tokens.bearer().await.is_err());
            fails.store(0, Ordering::Relaxed);
            assert_eq!(text(tokens.bearer().await), "Bearer token-1");
        });
    }

    #[test]
    fn a_refused_token_is_replaced() {
        block_on(async {
            let (tokens, _) = tokens(HOUR);
            assert_eq!(text(tokens.bearer().await), "Bearer token-0");
            let first = tokens.bearer().await.unwrap();
            tokens.refused(&first);
            assert_eq!(text(tokens.bearer().await), "Bearer token-1");
            // Who is told late does not drop the next one.
            tokens.refused(&first);
            assert_eq!(text(tokens.bearer().await), "Bearer token-1");
        });
    }

    #[test]
    fn no_token_is_printed() {
        block_on(async {
            let (tokens, _) = tokens(HOUR);
            let token = AccessToken::new("secret", HOUR);
            assert!(!format!("{tokens:?} {token:?}").contains("secret"));
            let header = tokens.bearer().await.unwrap();
            assert!(!format!("{header:?}").contains("token-0"));
        });
    }
}
