//! The configuration for OpenSSL, from 1.1.1 on.

use std::any::Any;
use std::sync::{Arc, PoisonError, RwLock};

use actix_tls::accept::openssl::TlsStream;
use actix_web::rt::net::TcpStream;
use certsession_core::RevocationList;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, SniError, SslAcceptor, SslAcceptorBuilder, SslContext, SslMethod, SslOptions,
    SslRef, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext, X509StoreContextRef, X509VerifyResult};
use rustls_pki_types::CertificateDer;

use super::builder::Choices;
use super::identity::ServerIdentity;
use super::reloadable::{Parts, ReloadableConfig};
use super::resumption::CACHE_SIZE;
use super::{ClientAuth, MutualTlsError, Resumption, audit, revocation};

/// ALPN is left alone, since actix sets it at bind time: `h2` and `http/1.1`.
pub(super) fn acceptor(
    parts: Parts,
    choices: Choices,
) -> Result<(SslAcceptorBuilder, Arc<OpenSslConfig>), MutualTlsError> {
    let mut session_id_context = [0; 32];
    openssl::rand::rand_bytes(&mut session_id_context).map_err(stack)?;
    let (mut builder, store) = configure(parts, &choices, &session_id_context)?;
    let reloadable = Arc::new(OpenSslConfig {
        choices,
        session_id_context,
        current: RwLock::new(Current {
            store,
            replaced: None,
        }),
    });
    let follow = Arc::clone(&reloadable);
    // OpenSSL asks for each handshake, whether the client names a server or not.
    builder.set_servername_callback(move |tls, _| match follow.current().replaced {
        None => Ok(()),
        Some(context) => tls
            .set_ssl_context(&context)
            .map_err(|_| SniError::ALERT_FATAL),
    });
    Ok((builder, reloadable))
}

fn configure(
    parts: Parts,
    choices: &Choices,
    session_id_context: &[u8],
) -> Result<(SslAcceptorBuilder, Arc<X509Store>), MutualTlsError> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).map_err(stack)?;
    set_protocol(&mut builder).map_err(stack)?;
    set_resumption(&mut builder, choices.resumption, session_id_context).map_err(stack)?;
    set_identity(&mut builder, parts.identity)?;
    set_client_cas(&mut builder, &parts.client_cas).map_err(stack)?;
    // The same once more, to verify resumed connections with: a store cannot be shared.
    let store = Arc::new(store_of(&parts.client_cas).map_err(stack)?);
    let mode = match choices.client_auth {
        ClientAuth::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        ClientAuth::Optional => SslVerifyMode::PEER,
    };
    let revocations = choices.revocations.clone();
    builder.set_verify_callback(mode, move |verified, context| {
        audited(verified, context) && not_revoked(revocations.as_ref(), context)
    });
    Ok((builder, store))
}

fn set_protocol(builder: &mut SslAcceptorBuilder) -> Result<(), ErrorStack> {
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // Renegotiation (TLS 1.2) could change the certificate after it was captured.
    builder.set_options(SslOptions::NO_RENEGOTIATION);
    // The default, said because it matters: early data can be replayed.
    builder.set_max_early_data(0)
}

/// The cache and the ticket key are made with the context, for it alone. The session id context
/// is drawn at random: a session of another configuration is none of this one's.
fn set_resumption(
    builder: &mut SslAcceptorBuilder,
    resumption: Resumption,
    session_id_context: &[u8],
) -> Result<(), ErrorStack> {
    builder.set_session_id_context(session_id_context)?;
    // With NO_TICKET alone, TLS 1.3 would go over to tickets that name a cached session.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    match resumption {
        // No verification runs on a resumed connection: a certificate that has expired or was
        // revoked since the full handshake would be let in. So each one is a full handshake.
        Resumption::Off => builder.set_num_tickets(0),
        Resumption::Tickets => {
            builder.clear_options(SslOptions::NO_TICKET);
            builder.set_num_tickets(2)
        }
        Resumption::Cache => {
            builder.set_session_cache_mode(SslSessionCacheMode::SERVER);
            builder.set_session_cache_size(i32::try_from(CACHE_SIZE).unwrap_or(i32::MAX));
            builder.set_num_tickets(2)
        }
    }
}

/// What can change while the server runs.
pub(super) struct OpenSslConfig {
    choices: Choices,
    session_id_context: [u8; 32],
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    /// The client CAs.
    store: Arc<X509Store>,
    /// What takes the place of the context that the server was bound with.
    replaced: Option<SslContext>,
}

impl OpenSslConfig {
    fn current(&self) -> Current {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }

    fn verifies(&self, tls: &SslRef) -> Result<bool, ErrorStack> {
        let Some(leaf) = tls.peer_certificate() else {
            return Ok(true);
        };
        let none = Stack::new()?;
        let chain = tls.peer_cert_chain().unwrap_or(&none);
        let store = self.current().store;
        let revocations = self.choices.revocations.as_ref();
        X509StoreContext::new()?.init(&store, &leaf, chain, |context| {
            let verified = context.verify_cert()?;
            Ok(audited(verified, context) && not_revoked(revocations, context))
        })
    }
}

impl ReloadableConfig for OpenSslConfig {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let (mut builder, store) = configure(parts, &self.choices, &self.session_id_context)?;
        set_alpn(&mut builder);
        let new = Current {
            store,
            replaced: Some(builder.build().into_context()),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    fn reverify(&self, connection: &dyn Any) -> bool {
        match connection.downcast_ref::<TlsStream<TcpStream>>() {
            Some(stream) if stream.ssl().session_reused() => {
                self.verifies(stream.ssl()).unwrap_or(false)
            }
            _ => true,
        }
    }
}

/// What actix sets at bind time, for a context that was never bound.
fn set_alpn(builder: &mut SslAcceptorBuilder) {
    builder.set_alpn_select_callback(|_, offered| {
        let offers = |protocol: &[u8]| {
            let mut windows = offered.windows(protocol.len());
            windows.any(|window| window == protocol)
        };
        if cfg!(feature = "http2") && offers(b"\x02h2") {
            Ok(b"h2")
        } else if offers(b"\x08http/1.1") {
            Ok(b"http/1.1")
        } else {
            Err(AlpnError::NOACK)
        }
    });
}

fn set_identity(
    builder: &mut SslAcceptorBuilder,
    identity: ServerIdentity,
) -> Result<(), MutualTlsError> {
    let key = match PKey::private_key_from_der(identity.key.secret_der()) {
        Ok(key) => key,
        Err(error) => {
            return Err(MutualTlsError::UnusableKey {
                origin: identity.key_origin,
                source: error.into(),
            });
        }
    };
    for (index, der) in identity.chain.iter().enumerate() {
        let certificate = X509::from_der(der).map_err(stack)?;
        if index > 0 {
            builder.add_extra_chain_cert(certificate).map_err(stack)?;
            continue;
        }
        if !certificate.public_key().map_err(stack)?.public_eq(&key) {
            return Err(MutualTlsError::KeyMismatch {
                certificate: identity.certificate_origin,
                key: identity.key_origin,
            });
        }
        builder.set_certificate(&certificate).map_err(stack)?;
    }
    builder.set_private_key(&key).map_err(stack)
}

fn set_client_cas(
    builder: &mut SslAcceptorBuilder,
    client_cas: &[CertificateDer<'static>],
) -> Result<(), ErrorStack> {
    let mut names = Stack::new()?;
    for der in client_cas {
        names.push(X509::from_der(der)?.subject_name().to_owned()?)?;
    }
    // The store for peers alone: in the general one, OpenSSL would also look for
    // certificates to complete the server's own chain with.
    builder.set_verify_cert_store(store_of(client_cas)?)?;
    builder.set_client_ca_list(names);
    Ok(())
}

fn store_of(client_cas: &[CertificateDer<'static>]) -> Result<X509Store, ErrorStack> {
    // A new store is empty: the system's roots are not in it.
    let mut store = X509StoreBuilder::new()?;
    for der in client_cas {
        store.add_cert(X509::from_der(der)?)?;
    }
    // The configured CAs are where trust begins, also where one of them is an intermediate
    // whose root is not configured; so it is with rustls. That a leaf never gets into this
    // store, where this flag would trust it, is for `client_ca::load` to see to.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    store.set_purpose(X509PurposeId::SSL_CLIENT)?;
    Ok(store.build())
}

/// OpenSSL's own verdict, unchanged, with a line in the log for each refusal.
fn audited(verified: bool, context: &mut X509StoreContextRef) -> bool {
    if !verified {
        let leaf = match context.chain() {
            Some(chain) => chain.get(0),
            None => context.current_cert(),
        };
        let der = leaf.and_then(|leaf| leaf.to_der().ok());
        audit::client_refused("openssl", der.as_deref(), &context.error());
    }
    verified
}

/// Whether the leaf, which OpenSSL has verified, is not revoked.
fn not_revoked(revocations: Option<&RevocationList>, context: &mut X509StoreContextRef) -> bool {
    if context.error_depth() != 0 {
        return true;
    }
    let leaf = context.current_cert().and_then(|leaf| leaf.to_der().ok());
    let Some(leaf) = leaf else { return false };
    match revocation::check(revocations, &leaf) {
        Ok(()) => true,
        Err(denied) => {
            audit::client_refused("openssl", Some(&leaf), &denied);
            context.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
            false
        }
    }
}

fn stack(error: ErrorStack) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "openssl",
        source: error.into(),
    }
}
