//! A text is a token exactly if it has the one format of a token.
#![no_main]

use certsession_core::Token;
use certsession_fuzz::plant_seeds;
use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: plant_seeds([("token", vec![b'A'; Token::TEXT_LENGTH])]),
    |text: &[u8]| {
        let is_token = text.len() == 64
            && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        match Token::parse(text) {
            Ok(token) => {
                assert!(is_token, "accepted as a token: {text:?}");
                assert_eq!(token.expose().as_bytes(), text, "a second text for one token");
                assert_eq!(Token::parse(text).map(|again| again.hash()), Ok(token.hash()));
                let secret = &token.expose()[22..];
                assert!(!format!("{token:?}").contains(secret), "Debug shows the secret");
            }
            Err(_) => assert!(!is_token, "not accepted as a token: {text:?}"),
        }
    }
);
