//! Drafts of writes: a new record, or a commit to an existing one.

use std::sync::Arc;

use super::SessionManager;
use crate::binding::Binding;
use crate::certificate::PeerCertificate;
use crate::data::Changes;
use crate::data::Data;
use crate::details::{Details, DetailsChange};
use crate::handle::Handle;
use crate::lifetimes::Lifetimes;
use crate::random::RandomError;
use crate::record::Record;
use crate::revision::Revision;
use crate::rules::Encryption;
use crate::seal::{DataKey, Seal, Secret, WrappedKey};
use crate::session::{Base, Pending, SessionError};
use crate::stamp::Stamp;
use crate::store::{Commit, Rotation, SessionStore, Supersede};
use crate::time::Timestamp;
use crate::token::Token;

impl<S: SessionStore> SessionManager<S> {
    pub(super) fn new_record(
        &self,
        token: &Token,
        pending: &Pending,
        peer: Option<&PeerCertificate>,
        now: Timestamp,
    ) -> Result<(Record, Option<DataKey>), SessionError> {
        let signs_in = pending.sign_in.is_some();
        let details = DetailsChange::outcome(pending.details.as_deref(), signs_in, None);
        let lifetimes = self.lifetimes_of(details.as_deref());
        let not_after = peer.map_or(Timestamp::MAX, PeerCertificate::not_after);
        let absolute_deadline = lifetimes.absolute_deadline(now, not_after);
        let (data_key, seal) = match self.new_seal(token)? {
            None => (None, None),
            Some((data_key, seal)) => (Some(data_key), Some(seal)),
        };
        let changes = sealed(&pending.changes, data_key.as_ref(), token.handle())?;
        let record = Record {
            handle: token.handle(),
            revision: Revision::fresh()?,
            token_hash: self.realm.hash(token),
            previous: None,
            epoch: 0,
            created_at: now,
            token_issued_at: now,
            last_seen_at: now,
            idle_deadline: lifetimes.idle_deadline(now, absolute_deadline),
            absolute_deadline,
            binding: peer.map(Into::into),
            principal: pending.sign_in.clone(),
            details,
            seal,
            data: Data::default().apply(&changes),
            stamp: Stamp::default(),
        };
        Ok((record, data_key))
    }

    /// The data key of a new session with its seal, if the data is to be encrypted.
    fn new_seal(&self, token: &Token) -> Result<Option<(DataKey, Arc<Seal>)>, RandomError> {
        if let Encryption::Off = self.rules.encryption {
            return Ok(None);
        }
        let data_key = DataKey::generate()?;
        let seal = match &self.rules.encryption {
            Encryption::UnderApplicationKey(keys) => keys.wrap(token.handle(), &data_key),
            Encryption::UnderToken | Encryption::Off => {
                let current = under_token(&data_key, token)?;
                let previous = None;
                Some(Arc::new(Seal::Tokens { current, previous }))
            }
        };
        let seal = seal.ok_or(RandomError)?;
        Ok(Some((data_key, seal)))
    }

    /// The seal under the application's current key, if the session's is under an older one.
    fn resealed(&self, base: &Base) -> Result<Option<Arc<Seal>>, RandomError> {
        let Some(Seal::ApplicationKey { name, .. }) = base.record.seal.as_deref() else {
            return Ok(None);
        };
        let keys = self.rules.application_keys.as_deref();
        match keys.zip(base.data_key.as_deref()) {
            Some((keys, data_key)) if !keys.is_current(name) => {
                let seal = keys.wrap(base.record.handle, data_key);
                seal.map(Some).ok_or(RandomError)
            }
            _ => Ok(None),
        }
    }

    /// Issues a token if one is due: always for a privilege change, otherwise only if the response
    /// can still set the cookie.
    pub(super) fn new_token(
        &self,
        base: &Base,
        pending: &Pending,
        rebinds: bool,
        can_set_cookie: bool,
        now: Timestamp,
    ) -> Result<Option<Token>, SessionError> {
        let is_privilege_change = pending.sign_in.is_some() || pending.rotate;
        let is_renewal = can_set_cookie && (rebinds || base.is_renewal_due(&self.rules, now));
        if !is_privilege_change && !is_renewal {
            return Ok(None);
        }
        Ok(Some(Token::reissue(base.record.handle)?))
    }

    /// The lifetimes that a sign-in set, or else the rules'.
    fn lifetimes_of<'l>(&'l self, details: Option<&'l Details>) -> &'l Lifetimes {
        let of_sign_in = details.and_then(|it| it.sign_in.lifetimes.as_ref());
        of_sign_in.unwrap_or(&self.rules.lifetimes)
    }

    pub(super) fn new_commit(
        &self,
        base: &Base,
        pending: &Pending,
        token: Option<&Token>,
        rebind: Option<&PeerCertificate>,
        now: Timestamp,
    ) -> Result<Commit, SessionError> {
        let record = &base.record;
        let signs_in = pending.sign_in.is_some();
        let (change, current) = (pending.details.as_deref(), record.details.as_ref());
        let details = DetailsChange::outcome(change, signs_in, current);
        let lifetimes = self.lifetimes_of(details.as_deref());
        let supersede = if pending.sign_in.is_some() || pending.rotate {
            Supersede::AtOnce
        } else {
            Supersede::WithGrace(now + lifetimes.grace())
        };
        let bound_until = || record.binding().map_or(Timestamp::MAX, Binding::not_after);
        let not_after = rebind.map_or_else(bound_until, PeerCertificate::not_after);
        // The absolute timeout counts from authentication (NIST SP 800-63B-4 section 5.2).
        let began_at = match pending.sign_in {
            Some(_) => now,
            None => record.created_at,
        };
        let restarts_lifetime = pending.sign_in.is_some() || rebind.is_some();
        let absolute_deadline = lifetimes.absolute_deadline(began_at, not_after);
        Ok(Commit {
            loaded: Arc::clone(record),
            revision: Revision::fresh()?,
            token_hash: base.token_hash,
            now,
            changes: sealed(&pending.changes, base.data_key.as_deref(), record.handle)?,
            rotation: match token {
                None => None,
                Some(token) => Some(Rotation {
                    token_hash: self.realm.hash(token),
                    supersede,
                    wrapped: wrapped(base, token)?,
                }),
            },
            resealed: self.resealed(base)?,
            sign_in: pending.sign_in.clone(),
            details: pending.details.clone(),
            rebind: rebind.map(Into::<Arc<Binding>>::into),
            idle_deadline: lifetimes.idle_deadline(now, absolute_deadline),
            absolute_deadline: restarts_lifetime.then_some(absolute_deadline),
            admission: self.rules.admission,
            max_data_size: self.rules.max_data_size,
            max_record_size: self.rules.max_record_size,
        })
    }
}

/// The data key for a new token of this session, if it is wrapped under its tokens.
fn wrapped(base: &Base, token: &Token) -> Result<Option<WrappedKey>, RandomError> {
    match (base.record.seal.as_deref(), base.data_key.as_deref()) {
        (Some(Seal::Tokens { .. }), Some(data_key)) => under_token(data_key, token).map(Some),
        _ => Ok(None),
    }
}

/// The data key under the secret of a new token.
fn under_token(data_key: &DataKey, token: &Token) -> Result<WrappedKey, RandomError> {
    let wrapped = data_key.wrap(token.handle(), Secret::Token(token.secret()));
    // It fails for no key and no secret; if it did, a token that opens nothing must not be issued.
    wrapped.ok_or(RandomError)
}

/// The changes as the store keeps them.
fn sealed(
    changes: &Changes,
    data_key: Option<&DataKey>,
    handle: Handle,
) -> Result<Changes, RandomError> {
    match data_key {
        None => Ok(changes.clone()),
        Some(data_key) => changes.sealed(|name, json| data_key.seal(handle, name, json)),
    }
}
