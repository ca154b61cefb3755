//! The configuration of a server.

use std::thread;

use certsession_tests::redis::{Answer, Program, RedisServer, RedisTls};

fn is_refused(answer: &Answer, code: &str) -> bool {
    matches!(answer, Answer::Refused(message) if message.starts_with(code))
}

#[test]
fn urls_contain_the_address() {
    let unix = RedisServer::start().url();
    assert!(unix.starts_with("redis+unix:///"), "{unix}");
    let tcp = RedisServer::builder().tcp().start();
    let port = tcp.port().unwrap();
    assert_eq!(tcp.url(), format!("redis://127.0.0.1:{port}"));
    let login = tcp.url_as("app", "secret");
    assert_eq!(login, format!("redis://app:secret@127.0.0.1:{port}"));
    let tls = RedisServer::builder().tls(&RedisTls::new()).start();
    assert!(
        tls.url().starts_with("rediss://127.0.0.1:"),
        "{}",
        tls.url()
    );
}

#[test]
fn servers_of_many_tests_at_once_have_ports_of_their_own() {
    let start = || RedisServer::builder().tcp().start();
    let starting: Vec<_> = (0..8).map(|_| thread::spawn(start)).collect();
    let servers: Vec<_> = starting
        .into_iter()
        .map(|one| one.join().unwrap())
        .collect();
    for (n, server) in servers.iter().enumerate() {
        server.cli(&["SET", "who", &n.to_string()]);
    }
    for (n, server) in servers.iter().enumerate() {
        assert_eq!(server.cli(&["GET", "who"]), n.to_string());
    }
}

#[test]
fn over_tls_a_client_without_a_certificate_of_this_authority_is_refused() {
    let tls = RedisTls::new();
    let server = RedisServer::builder().tls(&tls).start();
    assert_eq!(server.cli(&["SET", "key", "value"]), "OK");
    let port = server.port().unwrap();
    let other = RedisServer::connect_with(port, Some(&RedisTls::new()));
    assert!(other.and_then(|mut client| client.ask(&["PING"])).is_err());
    let plain = RedisServer::connect_with(port, None);
    assert!(plain.and_then(|mut client| client.ask(&["PING"])).is_err());
    server.restart();
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[test]
fn a_user_may_do_what_the_list_of_users_says() {
    let server = RedisServer::builder()
        .user("app on >secret ~app:* -@all +get")
        .start();
    server.cli(&["SET", "app:key", "value"]);
    let mut client = server.connect().unwrap();
    let wrong = client.ask(&["AUTH", "app", "other"]).unwrap();
    assert!(is_refused(&wrong, "WRONGPASS"), "{wrong}");
    client.ask(&["AUTH", "app", "secret"]).unwrap();
    assert_eq!(
        client.ask(&["GET", "app:key"]).unwrap().to_string(),
        "value"
    );
    for command in [&["GET", "other"][..], &["SET", "app:key", "1"]] {
        let answer = client.ask(command).unwrap();
        assert!(is_refused(&answer, "NOPERM"), "{answer}");
    }
}

#[test]
fn an_unauthenticated_client_may_do_nothing_if_there_are_users() {
    let server = RedisServer::builder()
        .tcp()
        .user("app on >secret +@all")
        .start();
    let mut stranger = RedisServer::connect_with(server.port().unwrap(), None).unwrap();
    let answer = stranger.ask(&["PING"]).unwrap();
    assert!(is_refused(&answer, "NOAUTH"), "{answer}");
}

#[test]
fn a_full_server_refuses_to_write() {
    let full = ["--maxmemory", "3mb", "--maxmemory-policy", "noeviction"];
    let server = RedisServer::builder().arguments(&full).start();
    let mut client = server.connect().unwrap();
    let value = "x".repeat(10_000);
    let refused = (0..1000).find_map(|n| {
        let answer = client.ask(&["SET", &format!("key{n}"), &value]).unwrap();
        matches!(answer, Answer::Refused(_)).then_some(answer)
    });
    assert!(is_refused(&refused.unwrap(), "OOM"));
}

#[test]
fn valkey_is_one_of_the_programs() {
    let server = RedisServer::builder().program(Program::Valkey).start();
    assert_eq!(server.info("server_name"), "valkey");
    assert_eq!(server.cli(&["SET", "key", "value"]), "OK");
    server.restart();
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}
