//! What keeps the tokens of several sessions of one client apart, although one store has them all.

use ring::digest::{Context, SHA256};

use super::{SECRET_LENGTH, Token, TokenHash};
use crate::handle::Handle;

/// The realm of a manager's tokens: outside of it, they are tokens that were never issued.
///
/// The realm goes into the hash of a token, so no record has the hash of another realm's token. That
/// alone would make one a made-up secret of a session that exists: a replay, which can end the
/// session. So the handle in the text of a token is masked by the realm too, and a text of another
/// realm names a session that does not exist. The mask is no secret, and nothing depends on that.
///
/// The default realm changes neither.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Realm(Option<[u8; SECRET_LENGTH]>);

impl Realm {
    pub(crate) fn named(name: &str) -> Self {
        let mut digest = Context::new(&SHA256);
        digest.update(b"certsession realm ");
        digest.update(name.as_bytes());
        let mut realm = [0; SECRET_LENGTH];
        realm.copy_from_slice(digest.finish().as_ref());
        Self(Some(realm))
    }

    /// The token in this realm that a client's token represents.
    pub(crate) fn received(self, token: Token) -> Token {
        self.masked(token)
    }

    /// The token for the client.
    pub(crate) fn sent(self, token: Token) -> Token {
        self.masked(token)
    }

    /// The hash that a record keeps of a token in this realm.
    pub(crate) fn hash(self, token: &Token) -> TokenHash {
        let Some(realm) = self.0 else {
            return token.hash();
        };
        // Longer than what the default realm hashes, so no text of one is a text of the other.
        let mut digest = Context::new(&SHA256);
        digest.update(&realm);
        digest.update(token.secret());
        TokenHash::of(&digest.finish())
    }

    /// Masks a handle, or takes the mask away.
    fn masked(self, token: Token) -> Token {
        let Some(realm) = self.0 else {
            return token;
        };
        let mut handle = *token.handle.as_bytes();
        for (byte, mask) in handle.iter_mut().zip(realm) {
            *byte ^= mask;
        }
        Token {
            handle: Handle::from_bytes(handle),
            ..token
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_in_its_own_realm_alone() {
        let realms = [
            Realm::default(),
            Realm::named("shop"),
            Realm::named("staff"),
        ];
        for (issuer, issued_in) in realms.iter().enumerate() {
            let token = Token::issue().unwrap();
            let (handle, hash) = (token.handle(), issued_in.hash(&token));
            let text = issued_in.sent(token).expose();
            for (reader, read_in) in realms.iter().enumerate() {
                let read = read_in.received(Token::parse(text.as_bytes()).unwrap());
                assert_eq!(read.handle() == handle, reader == issuer);
                assert_eq!(read_in.hash(&read) == hash, reader == issuer);
            }
        }
    }

    #[test]
    fn a_secret_has_another_hash_in_each_realm() {
        // Who changes the handle in the text back gains nothing.
        let token = Token::issue().unwrap();
        let realms = [
            Realm::default(),
            Realm::named("shop"),
            Realm::named("staff"),
        ];
        let [default, shop, staff] = realms.map(|realm| realm.hash(&token));
        assert!(default != shop && shop != staff && staff != default);
    }

    #[test]
    fn the_default_realm_hashes_the_secret_alone() {
        let token = Token::issue().unwrap();
        let hash = token.hash();
        assert_eq!(Realm::default().hash(&token), hash);
        assert_eq!(Realm::default().sent(token).hash(), hash);
    }
}
