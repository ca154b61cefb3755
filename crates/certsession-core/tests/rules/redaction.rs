//! No output holds a token or a value: P7.

use std::error::Error;
use std::fmt::Write;

use certsession_core::test_util::{Fault, block_on};
use certsession_core::{Key, Presented, StoreOperation, Token};

use crate::support::{Ca, Certificate, Client, World};

const PASSWORD: Key<String> = Key::new("password");
const VALUE: &str = "swordfish";

#[test]
fn p7_no_output_holds_a_token_or_a_value() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::of(&peer);
    let mut shown = String::new();
    let mut show = |text: String| shown.write_str(&text).unwrap();

    let mut session = client.open(&world);
    session.insert(&PASSWORD, &VALUE.to_owned()).unwrap();
    show(format!("{session:?}"));
    let pending = session.begin_commit().unwrap();
    show(format!("{pending:?}"));
    let result = block_on(world.sessions.execute(pending));
    show(format!("{result:?}"));
    session.finish_commit(result).unwrap();
    show(format!("{session:?} {:?}", session.record()));
    let answer = client.finish(&world, &mut session);
    show(format!("{answer:?}"));
    let cookie = client.cookie.clone().unwrap();
    let token = Token::parse(cookie.as_bytes()).unwrap();
    show(format!("{token:?} {:?}", token.hash()));
    show(format!("{:?}", Presented::One(cookie.as_bytes())));

    // Errors, with all their sources.
    let as_number: Key<u32> = Key::new("password");
    show(with_sources(&session.get(&as_number).unwrap_err()));
    world.faults.fail_next(StoreOperation::Load, Fault::After);
    show(with_sources(&client.try_open(&world).unwrap_err()));
    world.faults.fail_next(StoreOperation::Commit, Fault::After);
    let failed = client.try_request(&world, |session| {
        session.insert(&PASSWORD, &VALUE.to_owned()).unwrap();
    });
    show(with_sources(&failed.result.unwrap_err()));
    let thief = Client::with_cookie_of(&Ca::named("x").issue(&Certificate::serial(2)), &client);
    show(with_sources(&thief.try_open(&world).unwrap_err()));

    let mut late = client.open(&world);
    late.insert(&PASSWORD, &VALUE.to_owned()).unwrap();
    client.request(&world, |session| session.end().unwrap());
    show(with_sources(
        &client.finish(&world, &mut late).result.unwrap_err(),
    ));

    show(format!("{:?} {:?}", world.sessions, world.sessions.store()));
    show(format!("{:?}", world.events()));

    assert!(shown.len() > 1000);
    // The handle may appear. It is the first third of the cookie, in another encoding.
    for secret in [&cookie[..], &cookie[22..], VALUE] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let token_hash = token.hash();
    let bytes = format!("{:?}", token_hash.as_bytes());
    assert!(!shown.contains(bytes.trim_matches(['[', ']'])));
    let hex: String = token_hash
        .as_bytes()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert!(!shown.contains(&hex));
}

fn with_sources(error: &dyn Error) -> String {
    let mut text = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        write!(text, ": {error} {error:?}").unwrap();
        source = error.source();
    }
    text
}
