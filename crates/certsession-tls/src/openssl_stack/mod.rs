//! The configuration for OpenSSL, from 3.0 on.

mod cas;
mod chains;
mod verdict;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use certsession_core::{CertificateError, PeerState, SignatureVerifier, TrustAnchor};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::pkey::PKey;
use openssl::ssl::{
    AlpnError, SniError, SslAcceptor, SslAcceptorBuilder, SslContext, SslMethod, SslOptions,
    SslRef, SslSessionCacheMode, SslVerifyMode, SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::{X509, X509Crl, X509StoreContext, X509StoreContextRef, X509VerifyResult};

use crate::error::MutualTlsError;
use crate::handshake::{self, VerifiedLeaves};
use crate::reload::ReloadableConfig;
use crate::settings::{Alpn, CACHE_SIZE, ClientAuth, Resumption, Settings};
use crate::sources::{ClientCa, Parts, ServerIdentity};
use cas::{ClientCas, SECURITY_LEVEL, seconds, stack, store_of};
use verdict::{Verdict, anchor_of, judge, judge_pinned};

pub(crate) use chains::OpenSslChains;

pub(crate) fn acceptor(
    parts: Parts,
    settings: Settings,
) -> Result<(SslAcceptorBuilder, Arc<OpenSslConfig>), MutualTlsError> {
    let mut session_id_context = [0; 32];
    openssl::rand::rand_bytes(&mut session_id_context).map_err(stack)?;
    let verified = Arc::new(VerifiedLeaves::default());
    let (mut builder, cas) = configure(parts, &settings, &session_id_context, &verified)?;
    let reloadable = Arc::new(OpenSslConfig {
        settings,
        session_id_context,
        verified,
        generation: AtomicU64::new(0),
        current: RwLock::new(Current {
            cas,
            replaced: None,
        }),
    });
    let follow = Arc::clone(&reloadable);
    // OpenSSL asks for each handshake, whether the client names a server or not.
    builder.set_servername_callback(move |tls, _| follow.begin(tls));
    Ok((builder, reloadable))
}

fn configure(
    mut parts: Parts,
    settings: &Settings,
    session_id_context: &[u8],
    verified: &Arc<VerifiedLeaves>,
) -> Result<(SslAcceptorBuilder, ClientCas), MutualTlsError> {
    let identity = parts.server_identity()?;
    settings.check_ca_names(&parts.client_cas)?;
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).map_err(stack)?;
    set_protocol(&mut builder).map_err(stack)?;
    set_resumption(&mut builder, settings.resumption, session_id_context).map_err(stack)?;
    set_identity(&mut builder, identity)?;
    set_client_cas(&mut builder, &parts.client_cas, settings)?;
    // The same once more, to verify resumed connections with: a store cannot be shared.
    let cas = ClientCas::new(&parts.client_cas)?;
    let mode = match settings.client_auth {
        ClientAuth::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
        ClientAuth::Optional => SslVerifyMode::PEER,
    };
    set_alpn(&mut builder, settings.alpn.clone());
    let (settings, leaves) = (settings.clone(), Arc::clone(verified));
    let index = anchors_index().map_err(stack)?;
    builder.set_ex_data(index, Arc::clone(&cas.anchors));
    builder.set_verify_callback(mode, move |verified, context| {
        // The callback is the one of the context that the connection began with, also if another
        // has taken its place since: the anchors have to be those of the context in force.
        let Some(anchors) = anchors_in_force(context, index) else {
            return false;
        };
        let verdict = match settings.pins_keys() {
            true => judge_pinned(verified, &settings, context),
            false => judge(verified, &settings, &anchors, context),
        };
        match verdict {
            Verdict::Refused => false,
            Verdict::Intermediate => true,
            Verdict::Accepted(leaf) => {
                leaves.put(&leaf);
                true
            }
        }
    });
    Ok((builder, cas))
}

/// Where a context keeps the anchors of its client CAs.
fn anchors_index() -> Result<AnchorsIndex, ErrorStack> {
    static INDEX: OnceLock<AnchorsIndex> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        None => {
            let new = SslContext::new_ex_index()?;
            Ok(*INDEX.get_or_init(|| new))
        }
    }
}

type AnchorsIndex = Index<SslContext, Arc<[TrustAnchor]>>;

fn anchors_in_force(
    context: &X509StoreContextRef,
    index: AnchorsIndex,
) -> Option<Arc<[TrustAnchor]>> {
    let connection = context.ex_data(X509StoreContext::ssl_idx().ok()?)?;
    connection.ssl_context().ex_data(index).cloned()
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
pub(crate) struct OpenSslConfig {
    settings: Settings,
    session_id_context: [u8; 32],
    verified: Arc<VerifiedLeaves>,
    /// How often the client CAs were replaced.
    generation: AtomicU64,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    cas: ClientCas,
    /// What takes the place of the context that the server was bound with.
    replaced: Option<SslContext>,
}

impl OpenSslConfig {
    /// The peer of a finished handshake. A resumed connection is verified again, and so is one
    /// whose leaf this configuration does not remember to have verified.
    pub(crate) fn peer(&self, tls: &SslRef) -> PeerState {
        let leaf = match presented(tls) {
            Presented::Nothing => return PeerState::Absent,
            Presented::Unusable => return PeerState::Rejected(CertificateError::Unverified),
            Presented::Leaf(leaf) => leaf,
        };
        if !tls.session_reused()
            && let Ok(der) = leaf.to_der()
            && let Some(certificate) = self.verified.take(&der)
        {
            return PeerState::Verified(certificate);
        }
        if self.settings.pins_keys() {
            let der = leaf.to_der().ok();
            let judged = der.map(|der| handshake::judge_pinned(&self.settings, &der));
            return match judged {
                Some(Ok(leaf)) => leaf.into_state(),
                _ => PeerState::Rejected(CertificateError::Unverified),
            };
        }
        let verify = || {
            let none = Stack::new()?;
            let chain = tls.peer_cert_chain().unwrap_or(&none);
            let (cas, now) = (self.current().cas, self.settings.clock.now());
            cas.verify(&leaf, chain, now, |anchors, context| {
                match judge(true, &self.settings, anchors, context) {
                    Verdict::Accepted(leaf) => Some(leaf),
                    Verdict::Refused | Verdict::Intermediate => None,
                }
            })
        };
        match verify() {
            Ok(Some(leaf)) => leaf.into_state(),
            Ok(None) | Err(_) => PeerState::Rejected(CertificateError::Unverified),
        }
    }

    /// How often the client CAs were replaced.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a chain that was verified before still verifies, and by which CA.
    pub(crate) fn reverify(&self, leaf: &[u8], chain: &[Vec<u8>]) -> Option<TrustAnchor> {
        let verify = || {
            let mut sent = Stack::new()?;
            for der in chain {
                sent.push(X509::from_der(der)?)?;
            }
            let (cas, now) = (self.current().cas, self.settings.clock.now());
            cas.verify(&X509::from_der(leaf)?, &sent, now, anchor_of)
        };
        verify().ok().flatten()
    }

    /// Lets a handshake go on under what is in force now.
    fn begin(&self, tls: &mut SslRef) -> Result<(), SniError> {
        let now = seconds(self.settings.clock.now());
        tls.param_mut().set_time(now);
        if let Some(context) = self.current().replaced {
            tls.set_ssl_context(&context)
                .map_err(|_| SniError::ALERT_FATAL)?;
        }
        // Some distributions begin at a lower level, at which short keys are accepted.
        if tls.security_level() < SECURITY_LEVEL {
            tls.set_security_level(SECURITY_LEVEL);
        }
        Ok(())
    }

    fn current(&self) -> Current {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl ReloadableConfig for OpenSslConfig {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let context = &self.session_id_context;
        let (builder, cas) = configure(parts, &self.settings, context, &self.verified)?;
        let is_changed = cas.anchors != self.current().cas.anchors;
        let new = Current {
            cas,
            replaced: Some(builder.build().into_context()),
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        if is_changed {
            self.generation.fetch_add(1, Ordering::Release);
        }
        Ok(())
    }
}

/// What the client of a connection presented.
pub(crate) enum Presented {
    Nothing,
    /// The handshake is not finished, or OpenSSL did not verify the certificate: it can be set to
    /// go on after a failed verification, and says so in `verify_result` alone.
    Unusable,
    Leaf(X509),
}

pub(crate) fn presented(tls: &SslRef) -> Presented {
    if !tls.is_init_finished() || tls.verify_result() != X509VerifyResult::OK {
        return Presented::Unusable;
    }
    match tls.peer_certificate() {
        None => Presented::Nothing,
        Some(leaf) => Presented::Leaf(leaf),
    }
}

fn set_alpn(builder: &mut SslAcceptorBuilder, alpn: Alpn) {
    builder.set_alpn_select_callback(move |_, offered| {
        alpn.protocols()
            .iter()
            .find_map(|protocol| find_protocol(offered, protocol))
            .ok_or(AlpnError::NOACK)
    });
}

/// Finds a protocol in a list of names that each have their length before them (RFC 7301 section
/// 3.1).
fn find_protocol<'o>(mut offered: &'o [u8], protocol: &[u8]) -> Option<&'o [u8]> {
    while let [length, rest @ ..] = offered {
        let (name, rest) = rest.split_at_checked((*length).into())?;
        if name == protocol {
            return Some(name);
        }
        offered = rest;
    }
    None
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
    client_cas: &[ClientCa],
    settings: &Settings,
) -> Result<(), MutualTlsError> {
    // The store for peers alone: in the general one, OpenSSL would also look for
    // certificates to complete the server's own chain with.
    let store = store_of(client_cas)?;
    builder.set_verify_cert_store(store).map_err(stack)?;
    if settings.sends_ca_names {
        let mut names = Stack::new().map_err(stack)?;
        for ca in client_cas {
            let name = X509::from_der(&ca.der).and_then(|ca| ca.subject_name().to_owned());
            let pushed = name.and_then(|name| names.push(name));
            pushed.map_err(|error| ca.unusable(error))?;
        }
        builder.set_client_ca_list(names);
    }
    Ok(())
}

/// OpenSSL verifies signatures of revocation lists by algorithms that ring does not know: ECDSA on
/// P-521 and brainpool curves or with SHA-512, Ed448, RSA keys beyond 8192 bits.
#[derive(Debug)]
pub(crate) struct Signatures;

impl SignatureVerifier for Signatures {
    fn verify(&self, list: &[u8], public_key: &[u8]) -> Option<bool> {
        let verify = || X509Crl::from_der(list)?.verify(&*PKey::public_key_from_der(public_key)?);
        let verified = verify();
        // A signature that is wrong leaves errors behind, which are no one else's.
        drop(ErrorStack::get());
        verified.ok()
    }
}
