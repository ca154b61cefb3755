use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::{Value, json};

use super::*;

/// A key that was made for this test alone, by `openssl genpkey -algorithm RSA`.
const KEY: &str = include_str!("test-key.pem");

fn file(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut file = json!({
        "type": "service_account",
        "project_id": "shop",
        "private_key_id": "key-1",
        "private_key": KEY,
        "client_email": "sessions@shop.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    });
    change(&mut file);
    file.to_string().into_bytes()
}

fn fault(file: &[u8]) -> String {
    ServiceAccount::parse(file).unwrap_err()
}

fn json_of(part: &str) -> Value {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
}

#[test]
fn a_token_is_signed_with_the_key_of_the_file_and_names_it() {
    let account = ServiceAccount::parse(&file(|_| ())).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let token = account.sign(now).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    assert_eq!(
        json_of(header),
        json!({"alg": "RS256", "typ": "JWT", "kid": "key-1"})
    );
    let email = "sessions@shop.iam.gserviceaccount.com";
    assert_eq!(
        json_of(claims),
        json!({
            "iss": email, "sub": email, "aud": AUDIENCE,
            "iat": 1_800_000_000, "exp": 1_800_003_600,
        })
    );
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, account.key.public().as_ref());
    let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    public.verify(signed.as_bytes(), &signature).unwrap();
}

#[test]
fn what_is_wrong_with_a_file_is_said_without_the_key() {
    assert!(fault(b"{").contains("line 1"));
    let user = file(|file| file["type"] = json!("authorized_user"));
    assert!(fault(&user).contains("authorized_user"));
    for key in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "secret",
    ] {
        let said = fault(&file(|file| file["private_key"] = json!(key)));
        assert!(said.contains("key"), "{said}");
        assert!(!said.contains("secret") && !said.contains("AAAA"), "{said}");
    }
    let missing = ServiceAccount::read(Path::new("no/such/file.json")).unwrap_err();
    assert!(missing.to_string().contains("no/such/file.json"));
}

#[test]
fn no_key_is_printed() {
    let account = ServiceAccount::parse(&file(|_| ())).unwrap();
    assert!(!format!("{account:?}").contains("key-1"));
}
