//! Sessions that begin without a certificate: each promise, for the policy `BindWhenPresent`.

use std::thread;

use certsession_core::test_util::FaultyStore;
use certsession_core::test_util::{Fault, block_on};
use certsession_core::{
    BindWhenPresent, Key, MemoryStore, OnReplay, PeerState, Presented, Refusal, Session,
    SessionError, SessionEvent, SessionManagerBuilder, StoreOperation, Timestamp, Token,
};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, World, commit, owner};

const CART: Key<u32> = Key::new("cart");
const NOTE: Key<u32> = Key::new("note");

type Rules = SessionManagerBuilder<FaultyStore<MemoryStore>>;

fn world() -> World {
    world_with(|rules| rules)
}

fn world_with(more: impl FnOnce(Rules) -> Rules) -> World {
    World::with(|rules| more(rules.certificate(BindWhenPresent::new().carry(&CART))))
}

fn peers<const N: usize>() -> [PeerState; N] {
    let ca = Ca::named("ca");
    std::array::from_fn(|n| ca.issue(&Certificate::serial(1 + n as u64)))
}

/// A client without a certificate, with a session that has two values.
fn anonymous(world: &World) -> Client {
    let mut client = Client::of(&PeerState::Absent);
    client.request(world, |session| {
        session.insert(&CART, &7).unwrap();
        session.insert(&NOTE, &8).unwrap();
    });
    client
}

fn values(session: &Session) -> (Option<u32>, Option<u32>) {
    (session.get(&CART).unwrap(), session.get(&NOTE).unwrap())
}

/// The client with the same cookie, and this certificate.
fn with(peer: &PeerState, client: &Client) -> Client {
    Client::with_cookie_of(peer, client)
}

#[test]
fn p1_no_token_but_one_that_was_issued_opens_a_session() {
    let world = world();
    let client = anonymous(&world);
    let mut planter = Client::of(&PeerState::Absent);
    planter.cookie = Some(Token::issue().unwrap().expose());
    assert_eq!(planter.handle(&world), None);
    // The handle is public; the secret is not.
    let mut text = client.cookie.clone().unwrap();
    let changed = if &text[40..41] == "A" { "B" } else { "A" };
    text.replace_range(40..41, changed);
    planter.cookie = Some(text);
    assert_eq!(planter.handle(&world), None);
    let [alice] = peers();
    assert_eq!(with(&alice, &planter).handle(&world), None);
    assert_eq!(values(&client.open(&world)), (Some(7), Some(8)));
}

#[test]
fn p2_the_first_certificate_binds_the_session_for_good() {
    let world = world();
    let [alice, bob] = peers();
    let client = anonymous(&world);
    let handle = client.handle(&world).unwrap();
    let mut bound = with(&alice, &client);
    bound.request(&world, |session| {
        assert_eq!(session.handle(), Some(handle));
        assert_eq!(
            session.record().unwrap().binding().unwrap().subject(),
            "CN=someone of 1"
        );
    });
    assert_eq!(world.sessions_by(&owner(&alice)), [handle]);
    assert_ne!(bound.cookie, client.cookie);
    assert_eq!(bound.handle(&world), Some(handle));
    let refusal = |peer| with(peer, &bound).refusal(&world);
    assert_eq!(refusal(&bob), Refusal::OtherCertificate);
    assert_eq!(refusal(&PeerState::Absent), Refusal::CertificateMissing);
    assert_eq!(
        bound.handle(&world),
        Some(handle),
        "the owner's is unharmed"
    );
}

#[test]
fn p2_a_certificate_that_cannot_be_accepted_never_counts_as_none() {
    let world = world();
    let client = anonymous(&world);
    let ca = Ca::named("ca");
    let (from, past) = (
        NOW + HOUR,
        Timestamp::from_millis(NOW.as_millis() - 3_600_000),
    );
    let odd = [
        (
            PeerState::from_leaf(Some(b"junk")),
            Refusal::CertificateRejected,
        ),
        (
            ca.issue(&Certificate::serial(1).valid(from, from + HOUR)),
            Refusal::CertificateNotYetValid,
        ),
        (
            ca.issue(&Certificate::serial(2).valid(past, past + MINUTE)),
            Refusal::CertificateExpired,
        ),
    ];
    for (peer, refusal) in odd {
        assert_eq!(with(&peer, &client).refusal(&world), refusal);
        assert_eq!(Client::of(&peer).refusal(&world), refusal);
    }
    assert_eq!(
        values(&client.open(&world)),
        (Some(7), Some(8)),
        "not bound"
    );
}

#[test]
fn p3_binding_kills_the_token_before_it_and_carries_only_named_data() {
    let world = world();
    let [alice, bob] = peers();
    let client = anonymous(&world);
    world.events();
    let mut bound = with(&alice, &client);
    let mut session = bound.open(&world);
    assert_eq!(values(&session), (Some(7), None));
    // Before the response: there is no grace period, for no one.
    for peer in [&PeerState::Absent, &bob] {
        assert_eq!(with(peer, &client).handle(&world), None);
    }
    bound.finish(&world, &mut session).result.unwrap();
    assert_eq!(values(&bound.open(&world)), (Some(7), None));
    assert!(matches!(
        world.events()[0],
        SessionEvent::Bound { handle, .. } if Some(handle) == session.handle()
    ));
    let replay = with(&alice, &client).try_request(&world, |session| {
        assert_eq!(session.handle(), None);
        assert!(matches!(
            session.insert(&CART, &1),
            Err(SessionError::TokenReplaced)
        ));
    });
    assert!(!replay.has_token());
}

#[test]
fn p3_no_one_signs_in_without_a_certificate() {
    let world = world();
    let [alice] = peers();
    let mut client = anonymous(&world);
    for mut session in [
        client.open(&world),
        Client::of(&PeerState::Absent).open(&world),
    ] {
        assert!(matches!(
            session.sign_in("alice"),
            Err(SessionError::CertificateRequired)
        ));
    }
    client.peer = alice;
    client.request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(client.principal(&world).unwrap(), "alice");
}

#[test]
fn p3_a_planted_token_leads_the_attacker_nowhere() {
    let world = world();
    let [victim, attacker] = peers();
    let planted = anonymous(&world);
    let mut session_of_victim = with(&victim, &planted);
    session_of_victim.request(&world, |session| session.sign_in("victim").unwrap());
    for peer in [&PeerState::Absent, &attacker] {
        let mut client = with(peer, &planted);
        assert_eq!(client.handle(&world), None);
        client.request(&world, |session| session.sign_out().unwrap());
    }
    assert_eq!(session_of_victim.principal(&world).unwrap(), "victim");
}

#[test]
fn p4_who_had_the_token_before_cannot_end_the_bound_session() {
    let world = world();
    let [alice] = peers();
    let mut before = anonymous(&world);
    let mut session = before.open(&world);
    let mut bound = with(&alice, &before);
    bound.request(&world, |_| {});
    session.end().unwrap();
    before.finish(&world, &mut session).result.unwrap();
    assert!(bound.handle(&world).is_some());

    // Written to meanwhile, it is still the session that was to end.
    let mut other = anonymous(&world);
    let mut session = other.open(&world);
    other
        .clone()
        .request(&world, |session| session.insert(&NOTE, &9).unwrap());
    session.sign_out().unwrap();
    assert!(other.finish(&world, &mut session).removes_cookie());
    assert_eq!(world.count(), 1);
}

#[test]
fn p4_an_unbound_session_ends_by_its_timeouts_and_with_its_certificate() {
    let world = world();
    let mut idle = anonymous(&world);
    world.clock.advance(30 * MINUTE);
    assert_eq!(idle.handle(&world), None);
    idle.request(&world, |session| session.insert(&CART, &1).unwrap());
    let peer = Ca::named("ca").issue(&Certificate::serial(1).valid(NOW, NOW + HOUR));
    let mut bound = with(&peer, &idle);
    bound.request(&world, |_| {});
    let deadline = bound.open(&world).record().unwrap().absolute_deadline();
    assert_eq!(deadline, NOW + HOUR);
}

#[test]
fn p5_a_writer_from_before_the_binding_writes_nothing_into_it() {
    let world = world();
    let [alice] = peers();
    let mut before = anonymous(&world);
    let mut session = before.open(&world);
    session.insert(&CART, &666).unwrap();
    let mut bound = with(&alice, &before);
    bound.request(&world, |_| {});
    let answer = before.finish(&world, &mut session);
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert_eq!(values(&bound.open(&world)), (Some(7), None));
}

#[test]
fn p6_a_binding_that_fails_refuses_the_request_and_loses_nothing() {
    let world = world();
    let [alice] = peers();
    let client = anonymous(&world);
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    let refused = with(&alice, &client).try_open(&world);
    assert!(matches!(refused, Err(SessionError::Store(_))));
    assert_eq!(values(&client.open(&world)), (Some(7), Some(8)));
    assert_eq!(values(&with(&alice, &client).open(&world)), (Some(7), None));
}

#[test]
fn p7_encrypted_values_are_read_after_the_binding() {
    let world = world_with(|rules| rules.encrypt_data());
    let [alice] = peers();
    let client = anonymous(&world);
    let mut bound = with(&alice, &client);
    bound.request(&world, |session| {
        assert_eq!(values(session), (Some(7), None));
        session.insert(&NOTE, &1).unwrap();
    });
    let session = bound.open(&world);
    assert_eq!(values(&session), (Some(7), Some(1)));
    assert!(session.record().unwrap().is_encrypted());
}

#[test]
fn of_two_certificates_at_once_one_binds_and_the_other_is_refused() {
    let [alice, bob] = peers();
    for round in 0..50 {
        let world = world();
        let client = anonymous(&world);
        let mut racers = [with(&alice, &client), with(&bob, &client)];
        let opened = thread::scope(|scope| {
            let world = &world;
            let threads = racers
                .each_ref()
                .map(|racer| scope.spawn(move || racer.try_open(world)));
            threads.map(|thread| thread.join().unwrap())
        });
        let mut winners = 0;
        for (racer, opened) in racers.iter_mut().zip(opened) {
            match opened {
                Ok(mut session) if session.handle().is_some() => {
                    winners += 1;
                    racer.finish(&world, &mut session).result.unwrap();
                    assert!(racer.handle(&world).is_some());
                }
                // It loaded the session after the other had bound it.
                Ok(session) => assert_eq!(values(&session), (None, None)),
                Err(SessionError::Refused(Refusal::OtherCertificate)) => {}
                Err(other) => panic!("round {round}: {other:?}"),
            }
        }
        assert_eq!(winners, 1, "round {round}");
        for peer in [&alice, &bob, &PeerState::Absent] {
            assert_eq!(with(peer, &client).handle(&world), None);
        }
    }
}

#[test]
fn one_who_loses_the_race_at_the_store_is_refused() {
    let world = world();
    let [alice, bob] = peers();
    let client = anonymous(&world);
    let overtaken = |late: &PeerState, fast: &PeerState, client: &Client| {
        let gate = world.faults.hold_next(StoreOperation::Commit);
        thread::scope(|scope| {
            let late = scope.spawn(|| with(late, client).try_open(&world));
            block_on(gate.arrived());
            let mut fast = with(fast, client);
            fast.request(&world, |_| {});
            gate.release();
            (late.join().unwrap(), fast)
        })
    };
    let (late, fast) = overtaken(&alice, &bob, &client);
    assert!(matches!(
        late,
        Err(SessionError::Refused(Refusal::OtherCertificate))
    ));
    assert!(fast.handle(&world).is_some());

    // Of two requests of one client, one gets the session, and the other can only sign in.
    let client = anonymous(&world);
    let (late, fast) = overtaken(&alice, &alice, &client);
    let mut late = late.unwrap();
    assert!(matches!(
        late.insert(&CART, &1),
        Err(SessionError::TokenReplaced)
    ));
    assert_eq!(commit(&world, &mut late).ok(), Some(()));
    assert!(fast.handle(&world).is_some());
}

#[test]
fn a_made_up_secret_ends_no_session_of_a_client_without_a_certificate() {
    let world = world_with(|rules| rules.on_replay(OnReplay::EndSession));
    let [alice] = peers();
    let mut client = anonymous(&world);
    let old = client.clone();
    client.request(&world, |session| session.rotate().unwrap());
    for peer in [&PeerState::Absent, &alice] {
        assert_eq!(with(peer, &old).handle(&world), None);
    }
    assert_eq!(values(&client.open(&world)), (Some(7), Some(8)));
}

#[test]
fn a_renewed_token_of_an_unbound_session_has_its_grace_without_a_certificate() {
    let world = world();
    let [alice] = peers();
    let mut client = anonymous(&world);
    let old = client.clone();
    world.clock.advance(16 * MINUTE);
    client.request(&world, |_| {});
    assert_ne!(client.cookie, old.cookie);
    assert!(old.handle(&world).is_some());
    assert_eq!(with(&alice, &old).handle(&world), None);
    assert!(with(&alice, &client).handle(&world).is_some());
}

#[test]
fn where_a_certificate_is_required_an_unbound_session_opens_nothing() {
    let world = world();
    let [alice] = peers();
    let client = anonymous(&world);
    let record = client.open(&world).record().cloned().unwrap();
    let strict = World::new();
    let store = strict.sessions.store().inner();
    let created = certsession_core::SessionStore::create(store, record, None, NOW);
    block_on(created).unwrap();
    assert_eq!(client.handle(&strict), None);
    let mut later = with(&alice, &client);
    assert_eq!(later.handle(&strict), None);
    later.request(&strict, |session| session.insert(&CART, &1).unwrap());
    assert_eq!(values(&later.open(&strict)), (Some(1), None));
    let refused = client.open(&strict).insert(&CART, &1);
    assert!(matches!(refused, Err(SessionError::CertificateRequired)));
}

#[test]
fn a_watch_of_an_unbound_session_ends_when_it_is_bound() {
    let world = world();
    let [alice] = peers();
    let client = anonymous(&world);
    let watch = client.open(&world).watch().unwrap();
    let is_active = || block_on(world.sessions.is_active(&watch)).unwrap();
    assert!(is_active() && world.sessions.has_good_certificate(&watch));
    with(&alice, &client).request(&world, |_| {});
    assert!(!is_active());
}

#[test]
fn a_request_without_a_cookie_takes_no_step_of_the_store() {
    let world = world();
    world.faults.take_calls();
    let opened = block_on(world.sessions.open(Presented::None, &PeerState::Absent));
    assert!(opened.unwrap().handle().is_none());
    assert_eq!(world.faults.take_calls(), []);
}
