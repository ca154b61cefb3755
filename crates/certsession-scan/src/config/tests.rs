use super::{Body, Config, Source};

const SMALL: &str = r#"
target = "https://localhost:8443"
[identity.alice]
[identity.bob.form]
username = "bob"
password = "builder"
[step.login]
request = "POST /login"
form = { username = "alice", password = "wonderland" }
extract = { csrf_token = { from = "GET /login", css = "input[name=csrf_token]" } }
[step.whoami]
request = "GET /me"
signed_in = { status = 200, body = "welcome alice" }
"#;

fn error(text: &str) -> (Option<usize>, String) {
    let error = Config::parse(text, "scan.toml").unwrap_err();
    (error.line(), error.to_string())
}

#[test]
fn each_identity_has_the_steps_with_its_own_values() {
    let config = Config::parse(SMALL, "scan.toml").unwrap();
    assert_eq!(config.identities().collect::<Vec<_>>(), ["alice", "bob"]);
    let form = |place: usize| match &config.identities[place].step("login").unwrap().body {
        Body::Form(fields) => fields.clone(),
        other => panic!("{other:?}"),
    };
    assert!(form(0).contains(&("password".into(), "wonderland".into())));
    assert!(form(1).contains(&("password".into(), "builder".into())));
    let extract = &config.identities[1].step("login").unwrap().extract[0];
    assert!(matches!(&extract.source, Source::Css { selector, .. } if selector.contains("csrf")));
}

#[test]
fn what_shows_that_alice_is_signed_in_is_said_of_bob_in_his_words() {
    let config = Config::parse(SMALL, "scan.toml").unwrap();
    let matcher = |place: usize| {
        let step = config.identities[place].step("whoami").unwrap();
        step.signed_in.clone().unwrap().body
    };
    assert_eq!(matcher(0), ["welcome alice"]);
    assert_eq!(matcher(1), ["welcome bob"]);
}

#[test]
fn an_identitys_own_words_are_kept() {
    let text = SMALL.to_owned() + "[identity.bob.signed_in]\nbody = \"hello robert\"\n";
    let config = Config::parse(&text, "scan.toml").unwrap();
    let step = config.identities[1].step("whoami").unwrap();
    assert_eq!(step.signed_in.clone().unwrap().body, ["hello robert"]);
}

#[test]
fn the_order_of_the_file_makes_the_victim() {
    let text = SMALL.replace("[identity.alice]", "[identity.zoe]");
    let config = Config::parse(&text, "scan.toml").unwrap();
    assert_eq!(config.identities().next(), Some("zoe"));
}

#[test]
fn an_error_names_the_line_and_what_to_write() {
    for (from, to, line, remedy) in [
        (
            "request = \"GET /me\"",
            "request = \"/me\"",
            12,
            "\"GET /me\"",
        ),
        ("signed_in", "signedin", 13, "signed_in"),
        ("[step.whoami]", "[step.whois]", 11, "whoami"),
        (
            "csrf_token = { from = \"GET /login\", ",
            "csrf_token = { ",
            10,
            "from = ",
        ),
        ("input[name=csrf_token]", "input[", 10, "CSS"),
        ("https://localhost:8443", "localhost:8443", 2, "https://"),
        (
            "[identity.alice]",
            "[identity.alice]\ncert = \"none.pem\"",
            4,
            "none.pem",
        ),
        (
            "password = \"builder\"",
            "password = \"${CERTSESSION_UNSET}\"",
            6,
            "export",
        ),
        ("form = {", "json = { a = 1 }\nform = {", 9, "one body"),
    ] {
        let (at, message) = error(&SMALL.replace(from, to));
        assert_eq!(at, Some(line), "{message}");
        assert!(message.contains(remedy), "{message}");
        assert!(
            message.starts_with(&format!("scan.toml:{line}: ")),
            "{message}"
        );
    }
}

#[test]
fn what_is_not_toml_is_said_with_its_line() {
    let (line, message) = error("target = \"x\"\n[identity.alice\n");
    assert_eq!(line, Some(2), "{message}");
}

#[test]
fn a_step_that_no_check_knows_is_refused_and_one_that_another_needs_is_not() {
    let consent = "[step.consent]\nrequest = \"GET /consent\"\n";
    let (line, message) = error(&(SMALL.to_owned() + consent));
    assert_eq!(line, Some(14), "{message}");
    let used = SMALL.replace(
        "request = \"POST /login\"",
        "request = \"POST /login\"\nbefore = [\"consent\"]",
    ) + consent;
    Config::parse(&used, "scan.toml").unwrap();
}

#[test]
fn this_machine_is_told_from_others() {
    for (target, loopback) in [
        ("http://127.0.0.9:80", true),
        ("http://[::1]:80", true),
        ("https://localhost", true),
        ("https://example.org", false),
        ("http://localhost.example.org", false),
    ] {
        let text = SMALL.replace("https://localhost:8443", target);
        let config = Config::parse(&text, "scan.toml").unwrap();
        assert_eq!(config.is_loopback(), loopback, "{target}");
    }
}

#[test]
fn placeholders_are_filled_and_other_braces_are_left() {
    let value = |name: &str| (name == "token").then_some("t0k3n");
    assert_eq!(
        super::expand("{\"a\": {token}, {other}}", value),
        "{\"a\": t0k3n, {other}}"
    );
}
