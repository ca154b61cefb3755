//! How many connections are open, for metrics.

/// Counts a connection while it is there. Without the feature `metrics` it is nothing.
pub(super) struct Open(());

impl Open {
    pub(super) fn begin() -> Self {
        #[cfg(feature = "metrics")]
        metrics::gauge!("certsession_store_connections").increment(1);
        Self(())
    }
}

#[cfg(feature = "metrics")]
impl Drop for Open {
    fn drop(&mut self) {
        metrics::gauge!("certsession_store_connections").decrement(1);
    }
}
