//! What becomes of a client's chain: OpenSSL's own verdict, and what is asked beyond it.

use certsession_core::{PublicKeyHash, TrustAnchor};
use openssl::x509::{X509Ref, X509StoreContextRef, X509VerifyResult};

use crate::handshake::{self, Denied, Leaf};
use crate::settings::Settings;

/// OpenSSL's verdict on one certificate of a chain, and ours on the leaf.
pub(super) enum Verdict {
    Refused,
    Intermediate,
    Accepted(Leaf),
}

/// Takes OpenSSL's own verdict unchanged, and asks the revocation list of the leaf. Each refusal
/// is logged.
pub(super) fn judge(
    verified: bool,
    settings: &Settings,
    anchors: &[TrustAnchor],
    context: &mut X509StoreContextRef,
) -> Verdict {
    if !verified {
        let leaf = match context.chain() {
            Some(chain) => chain.get(0),
            None => context.current_cert(),
        };
        let der = leaf.and_then(|leaf| leaf.to_der().ok());
        handshake::client_refused("openssl", der.as_deref(), &context.error());
        return Verdict::Refused;
    }
    if context.error_depth() != 0 {
        return Verdict::Intermediate;
    }
    // OpenSSL keeps the bytes of the signed part as it read them, and writes the rest as DER.
    let leaf = context.current_cert().and_then(|leaf| leaf.to_der().ok());
    let Some(leaf) = leaf else {
        return Verdict::Refused;
    };
    let judged = match spells_issuers_alike(context) {
        true => {
            let (list, anchor) = (settings.revocations.as_ref(), anchor_of(anchors, context));
            handshake::judge(list, &leaf, anchor, settings.clock.now())
        }
        false => Err(Denied::SpeltOtherwise),
    };
    match judged {
        Ok(leaf) => Verdict::Accepted(leaf),
        Err(denied) => {
            handshake::client_refused("openssl", Some(&leaf), &denied);
            context.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
            Verdict::Refused
        }
    }
}

/// Judges by the leaf's key alone, where keys are pinned. OpenSSL asks at each certificate, and at each
/// thing that is wrong with one: a chain that leads nowhere, for example.
pub(super) fn judge_pinned(
    verified: bool,
    settings: &Settings,
    context: &mut X509StoreContextRef,
) -> Verdict {
    let leaf = context.chain().and_then(|chain| chain.get(0));
    let Some(leaf) = leaf.and_then(|leaf| leaf.to_der().ok()) else {
        return Verdict::Refused;
    };
    match handshake::judge_pinned(settings, &leaf) {
        Ok(accepted) => {
            context.set_error(X509VerifyResult::OK);
            // The last time it asks is about the leaf, with nothing wrong.
            match verified && context.error_depth() == 0 {
                true => Verdict::Accepted(accepted),
                false => Verdict::Intermediate,
            }
        }
        Err(denied) => {
            handshake::client_refused("openssl", Some(&leaf), &denied);
            context.set_error(X509VerifyResult::APPLICATION_VERIFICATION);
            Verdict::Refused
        }
    }
}

/// The client CA that a verified chain ends in: the first one of the chain, as with rustls.
pub(super) fn anchor_of(
    anchors: &[TrustAnchor],
    context: &mut X509StoreContextRef,
) -> Option<TrustAnchor> {
    let mut cas = context.chain()?.iter().skip(1);
    cas.find_map(|certificate| {
        let key = certificate
            .public_key()
            .and_then(|key| key.public_key_to_der());
        let key = PublicKeyHash::of(&key.ok()?);
        let mut anchors = anchors.iter();
        anchors
            .find(|anchor| *anchor.public_key_hash() == key)
            .copied()
    })
}

/// Whether each certificate of a chain spells its issuer as that one spells itself. OpenSSL
/// compares names by RFC 5280 section 7.1, rustls byte by byte; with both, a certificate is known
/// by its issuer's bytes.
pub(super) fn spells_issuers_alike(context: &mut X509StoreContextRef) -> bool {
    let Some(chain) = context.chain() else {
        return false;
    };
    let certificates: Vec<&X509Ref> = chain.iter().collect();
    certificates.windows(2).all(|pair| {
        let [certificate, issuer] = pair else {
            return false;
        };
        let spelt = certificate.issuer_name().to_der();
        match (spelt, issuer.subject_name().to_der()) {
            (Ok(spelt), Ok(own)) => spelt == own,
            _ => false,
        }
    })
}
