//! One server: its data, and its statistics.

use std::thread;
use std::time::{Duration, Instant};

use certsession_tests::redis::{self, Answer, RedisServer};

#[test]
fn a_server_answers_as_soon_as_it_is_started() {
    let server = RedisServer::start();
    assert_eq!(server.cli(&["SET", "key", "value"]), "OK");
    assert_eq!(server.cli(&["GET", "key"]), "value");
    assert_eq!(server.cli(&["GET", "other"]), "");
    assert_eq!(server.cli(&["RPUSH", "list", "one", "two"]), "2");
    assert_eq!(server.cli(&["LRANGE", "list", "0", "-1"]), "one\ntwo");
}

#[test]
fn bytes_arrive_as_they_are() {
    let server = redis::shared();
    let value: &[u8] = b"\r\n\0\xff$-1\r\n";
    server.ask(&[&b"SET"[..], b"bytes", value]).unwrap();
    let answer = server.ask(&["GET", "bytes"]).unwrap();
    assert_eq!(answer, Answer::Text(value.to_vec()));
    assert_eq!(server.keys("byt*"), [b"bytes"]);
}

#[test]
fn a_refusal_is_a_reply() {
    let answer = redis::shared().ask(&["GET"]).unwrap();
    assert!(matches!(answer, Answer::Refused(_)), "{answer:?}");
}

#[test]
#[should_panic(expected = "the server refuses GET: ERR wrong number of arguments")]
fn an_unexpected_refusal_fails_the_test() {
    redis::shared().cli(&["GET"]);
}

#[test]
fn commands_are_counted_by_their_names() {
    let server = RedisServer::start();
    server.cli(&["SET", "key", "1"]);
    let before = server.commandstats();
    assert_eq!(before["set"], 1);
    server.cli(&["GET", "key"]);
    server.cli(&["GET", "key"]);
    server.cli(&["EVAL", "return redis.call('INCR', KEYS[1])", "1", "key"]);
    let since: Vec<_> = server.commands_since(&before).into_iter().collect();
    let expected = [("eval", 1), ("get", 2), ("incr", 1)];
    assert_eq!(
        since,
        expected.map(|(name, calls)| (name.to_owned(), calls))
    );
}

#[test]
fn the_memory_of_a_key_is_reported() {
    let server = RedisServer::start();
    server.cli(&["SET", "key", &"x".repeat(1000)]);
    let bytes = server.memory_usage("key").unwrap();
    assert!((1000..1300).contains(&bytes), "{bytes}");
    assert_eq!(server.memory_usage("other"), None);
}

#[test]
fn a_killed_server_is_gone_and_comes_back_empty() {
    let server = RedisServer::start();
    server.cli(&["SET", "key", "value"]);
    let url = server.url();
    server.kill();
    assert!(!server.is_up() && server.ask(&["PING"]).is_err());
    server.restart();
    assert_eq!(server.url(), url);
    assert_eq!(server.cli(&["DBSIZE"]), "0");
}

#[test]
fn a_server_that_appends_comes_back_with_what_it_acknowledged() {
    let server = RedisServer::builder().append_only().tcp().start();
    let mut client = server.connect().unwrap();
    for number in 0..200 {
        client
            .ask(&["SET", &format!("key{number}"), "value"])
            .unwrap();
    }
    let url = server.url();
    server.kill();
    server.restart();
    assert_eq!(server.url(), url);
    assert_eq!(server.cli(&["DBSIZE"]), "200");
}

#[test]
fn a_paused_server_keeps_its_connections_and_replies_when_it_is_resumed() {
    let server = RedisServer::start();
    let mut client = server.connect().unwrap();
    server.pause();
    let began = Instant::now();
    thread::scope(|scope| {
        let waits = scope.spawn(|| client.ask(&["PING"]).unwrap());
        thread::sleep(Duration::from_millis(300));
        server.resume();
        assert_eq!(waits.join().unwrap().to_string(), "PONG");
    });
    assert!(began.elapsed() >= Duration::from_millis(300));
}
