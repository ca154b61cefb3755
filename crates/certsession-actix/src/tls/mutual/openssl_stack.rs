//! The configuration for OpenSSL, from 1.1.1 on.

use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{
    SslAcceptor, SslAcceptorBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode,
    SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContextRef};
use rustls_pki_types::CertificateDer;

use super::identity::ServerIdentity;
use super::{ClientAuth, MutualTlsError, audit};

/// ALPN is left alone, since actix sets it at bind time: `h2` and `http/1.1`.
pub(super) fn acceptor(
    identity: ServerIdentity,
    client_cas: Vec<CertificateDer<'static>>,
    client_auth: ClientAuth,
) -> Result<SslAcceptorBuilder, MutualTlsError> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).map_err(stack)?;
    set_protocol(&mut builder).map_err(stack)?;
    set_identity(&mut builder, identity)?;
    set_client_cas(&mut builder, &client_cas).map_err(stack)?;
    let mode = match client_auth {
        ClientAuth::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        ClientAuth::Optional => SslVerifyMode::PEER,
    };
    builder.set_verify_callback(mode, audited);
    Ok(builder)
}

fn set_protocol(builder: &mut SslAcceptorBuilder) -> Result<(), ErrorStack> {
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    // No verification runs on a resumed connection: a certificate that has expired or was
    // revoked since the full handshake would be let in. So each one is a full handshake.
    // With NO_TICKET alone, TLS 1.3 would go over to tickets that name a cached session.
    builder.set_session_cache_mode(SslSessionCacheMode::OFF);
    builder.set_options(SslOptions::NO_TICKET);
    builder.set_num_tickets(0)?;
    // Renegotiation (TLS 1.2) could change the certificate after it was captured.
    builder.set_options(SslOptions::NO_RENEGOTIATION);
    // The default, said because it matters: early data can be replayed.
    builder.set_max_early_data(0)
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
    // A new store is empty: the system's roots are not in it.
    let mut store = X509StoreBuilder::new()?;
    let mut names = Stack::new()?;
    for der in client_cas {
        let ca = X509::from_der(der)?;
        names.push(ca.subject_name().to_owned()?)?;
        store.add_cert(ca)?;
    }
    // The configured CAs are where trust begins, also where one of them is an intermediate
    // whose root is not configured; so it is with rustls. That a leaf never gets into this
    // store, where this flag would trust it, is for `client_ca::load` to see to.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    store.set_purpose(X509PurposeId::SSL_CLIENT)?;
    // The store for peers alone: in the general one, OpenSSL would also look for
    // certificates to complete the server's own chain with.
    builder.set_verify_cert_store(store.build())?;
    builder.set_client_ca_list(names);
    Ok(())
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

fn stack(error: ErrorStack) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "openssl",
        source: error.into(),
    }
}
