//! How many connections are open, for metrics.

/// Counts a connection while it, or a clone of it, is there. Without the feature `metrics` it is
/// nothing.
#[derive(Clone)]
pub(super) struct Open {
    #[cfg(feature = "metrics")]
    _counted: std::sync::Arc<Counted>,
}

impl Open {
    pub(super) fn begin() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            _counted: std::sync::Arc::new(Counted::begin()),
        }
    }
}

#[cfg(feature = "metrics")]
struct Counted;

#[cfg(feature = "metrics")]
impl Counted {
    fn begin() -> Self {
        metrics::gauge!("certsession_store_connections").increment(1);
        Self
    }
}

#[cfg(feature = "metrics")]
impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("certsession_store_connections").decrement(1);
    }
}
