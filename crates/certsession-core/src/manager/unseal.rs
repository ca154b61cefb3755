//! The key of a session's encrypted data, as a request gets to it.

use std::error::Error;
use std::sync::Arc;

use super::SessionManager;
use super::lookup::{Lookup, Presented};
use crate::application_keys::DecryptError;
use crate::event::StoreOperation;
use crate::handle::Handle;
use crate::record::TokenStatus;
use crate::seal::{DataKey, KeyName, Seal, Secret, WrappedKey};
use crate::session::SessionError;
use crate::store::{SessionStore, StoreError, StoreErrorKind};
use crate::token::Token;

impl<S: SessionStore> SessionManager<S> {
    /// The key of encrypted data. If it cannot be unwrapped, someone has changed the record, or an
    /// application key is missing.
    pub(super) fn data_key(
        &self,
        seal: &Seal,
        lookup: &Lookup<'_>,
        token_status: TokenStatus,
    ) -> Result<Arc<DataKey>, SessionError> {
        let unwrapped: Result<_, Box<dyn Error + Send + Sync>> = match seal {
            Seal::Tokens { current, previous } => {
                let wrapped = match token_status {
                    TokenStatus::Current => Some(current),
                    TokenStatus::InGrace => previous.as_ref(),
                    TokenStatus::Unknown => None,
                };
                unwrapped_by_token(wrapped, lookup).ok_or_else(|| {
                    "the key of a session's data was not wrapped for its token".into()
                })
            }
            Seal::ApplicationKey { name, wrapped } => self
                .unwrapped_by_application(name, wrapped, lookup.handle)
                .map_err(Into::into),
        };
        unwrapped.map(Arc::new).map_err(|cause| {
            let error = StoreError::with_source(StoreErrorKind::Unreadable, cause);
            self.failed(StoreOperation::Load)(error).into()
        })
    }

    fn unwrapped_by_application(
        &self,
        name: &KeyName,
        wrapped: &WrappedKey,
        handle: Handle,
    ) -> Result<DataKey, DecryptError> {
        match &self.rules.application_keys {
            Some(keys) => keys.unwrap(handle, name, wrapped),
            None => Err(DecryptError::unknown_key(name)),
        }
    }
}

/// The key of encrypted data, which the secret of the request's token unwraps.
fn unwrapped_by_token(wrapped: Option<&WrappedKey>, lookup: &Lookup<'_>) -> Option<DataKey> {
    let token = match lookup.request.presented {
        Presented::One(text) => Token::parse(text).ok()?,
        Presented::None | Presented::Several => return None,
    };
    DataKey::unwrap(wrapped?, lookup.handle, Secret::Token(token.secret()))
}
