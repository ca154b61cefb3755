//! The configuration for rustls, with ring as its one crypto provider.

mod chains;
mod pinned;
mod reloadable;
mod root_hint_subjects;
mod roots;
mod verifier;

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};
use rustls_pki_types::UnixTime;

use crate::error::MutualTlsError;
use crate::settings::{CACHE_SIZE, Resumption, Settings, SharedClock};
use crate::sources::Parts;
use roots::{stack, unix_time};
use verifier::ReloadableVerifier;

pub(crate) use chains::RustlsChains;
pub(crate) use reloadable::{Presented, RustlsConfig, presented};

/// The provider is named at each step: nothing here reads or sets a process-wide default.
pub(crate) fn config(
    parts: Parts,
    settings: &Settings,
) -> Result<(ServerConfig, Arc<RustlsConfig>), MutualTlsError> {
    let reloadable = Arc::new(RustlsConfig::new(parts, settings)?);
    let verifier = ReloadableVerifier::new(Arc::clone(&reloadable));
    let time = Arc::new(ClockTime(settings.clock.clone()));
    let mut config = ServerConfig::builder_with_details(Arc::clone(&reloadable.provider), time)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(stack)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::clone(&reloadable) as Arc<dyn ResolvesServerCert>);
    set_resumption(&mut config, settings.resumption).map_err(stack)?;
    // The default, said because it matters: early data can be replayed.
    config.max_early_data_size = 0;
    config.alpn_protocols = settings.alpn.protocols();
    Ok((config, reloadable))
}

/// The cache and the ticket key are made here, for this configuration alone.
fn set_resumption(config: &mut ServerConfig, resumption: Resumption) -> Result<(), Error> {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 2;
    match resumption {
        // No verifier runs on a resumed connection, so by default each one is a full handshake.
        Resumption::Off => config.send_tls13_tickets = 0,
        Resumption::Tickets => config.ticketer = ring::Ticketer::new()?,
        Resumption::Cache => config.session_storage = ServerSessionMemoryCache::new(CACHE_SIZE),
    }
    Ok(())
}

/// The configuration's clock, as rustls asks for it.
#[derive(Debug)]
struct ClockTime(SharedClock);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(&self.0))
    }
}
