use std::sync::LazyLock;

use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use certsession_core::Token;

use super::*;

/// A ledger like that of a run of the suite, with other values that tests send in cookies.
static LEDGER: LazyLock<String> = LazyLock::new(|| {
    let mut ledger = String::from("x\n\n\"quoted\"\nswordfish-1\n");
    for _ in 0..FEWEST_TOKENS {
        ledger.push_str(&Token::issue().unwrap().expose());
        ledger.push('\n');
    }
    ledger.push_str(&"A".repeat(8192));
    ledger
});

const TRACES: &str = "\
    2026-01-01T00:00:00Z TRACE actix_http::h1::dispatcher: start flags\n\
    2026-01-01T00:00:00Z TRACE actix_server::worker: x\n\
    2026-01-01T00:00:00Z TRACE server_handshake:Connection{peer=Server}: h2::codec: x\n\
    2026-01-01T00:00:00Z  INFO certsession: session event=Issued\n";

fn token() -> &'static str {
    LEDGER.lines().nth(60).unwrap()
}

fn secret() -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(token()).unwrap()[16..].to_vec()
}

fn search_line(line: &str) -> Result<Searched, Fault> {
    let output = format!("{TRACES}{line}\n2026-01-01T00:00:01Z  INFO the end\n");
    search(output.as_bytes(), &LEDGER)
}

fn assert_found(line: &str) {
    match search_line(line) {
        Err(Fault::Leaks(leaks)) => {
            assert_eq!(leaks.len(), 1, "{line}");
            assert_eq!(leaks[0].line, 5);
            let shown = &leaks[0].text;
            assert!(shown.ends_with("[redacted]"), "{shown}");
            assert!(search_line(shown).is_ok(), "the report leaks: {shown}");
        }
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn an_output_without_a_secret_passes() {
    let public = Token::parse(token().as_bytes()).unwrap().handle();
    let searched = search_line(&format!(
        "the name of a session is public: {public} {}",
        &token()[..22]
    ));
    assert_eq!(searched.unwrap().tokens, FEWEST_TOKENS);
}

#[test]
fn a_token_is_found_in_every_position() {
    assert_found(token());
    assert_found(&format!("TRACE h2: header \"__Host-session={}\"", token()));
    assert_found(&format!("{}tail", token()));
    assert_found(&format!("cookie: {}; a=b", token()));
}

#[test]
fn half_of_a_secret_is_found_too() {
    assert_found(&format!("secret={}", &token()[22..]));
    assert_found(&format!("secret={}...", &token()[..44]));
    assert_found(&format!("secret=...{}", &token()[44..]));
    assert_found(&format!("secret=...{}", &token()[30..]));
}

#[test]
fn a_secret_is_found_in_any_notation() {
    let secret = secret();
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_found(&format!("secret={hex}"));
    assert_found(&format!("secret={}", hex.to_uppercase()));
    assert_found(&format!("secret={secret:?}"));
    assert_found(&format!("Token {{ secret: {secret:02x?} }}"));
    assert_found(&format!("Token {{ secret: {secret:x?} }}"));
    assert_found(&format!("{{\"secret\":{}}}", serde_json::json!(secret)));
    assert_found(&format!("secret=b\"{}\"", secret.escape_ascii()));
    assert_found(&format!("header={:?}", token().as_bytes()));
    assert_found(&format!("secret={}", Base64::encode_string(&secret)));
    assert_found(&format!(
        "secret={}",
        Base64UrlUnpadded::encode_string(&secret)
    ));
}

#[test]
fn a_secret_value_is_found_in_any_notation() {
    assert_found("the value was \"swordfish-7\"");
    assert_found(&format!("the value was {:?}", b"swordfish-7"));
    assert_found("the value was 73776f7264666973682d37");
}

#[test]
fn every_leak_is_listed_with_its_line() {
    let output = format!("{TRACES}\n{}\nfine\nswordfish-2", token());
    match search(output.as_bytes(), &LEDGER) {
        Err(Fault::Leaks(leaks)) => {
            let lines: Vec<_> = leaks.iter().map(|leak| leak.line).collect();
            assert_eq!(lines, [6, 8]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_meaningless_search_fails() {
    let tokens: Vec<_> = LEDGER.lines().filter(|line| line.len() == 64).collect();
    assert_eq!(search(TRACES.as_bytes(), ""), Err(Fault::TooFewTokens(0)));
    assert_eq!(
        search(TRACES.as_bytes(), &tokens[1..].join("\n")),
        Err(Fault::TooFewTokens(FEWEST_TOKENS - 1))
    );
    let the_same = [tokens[0]; 2 * FEWEST_TOKENS].join("\n");
    assert_eq!(
        search(TRACES.as_bytes(), &the_same),
        Err(Fault::TooFewTokens(1))
    );
    assert_eq!(
        search(TRACES.as_bytes(), &tokens.join("\n")),
        Err(Fault::NoSecretValue)
    );

    assert_eq!(
        search(b"", &LEDGER),
        Err(Fault::NoLinesOf("TRACE actix_http"))
    );
    for left_out in ["actix_http", "actix_server", "h2", "certsession"] {
        let output = TRACES.replace(left_out, "other");
        match search(output.as_bytes(), &LEDGER) {
            Err(Fault::NoLinesOf(part)) => assert!(part.contains(left_out)),
            other => panic!("{left_out}: {other:?}"),
        }
    }
}
