//! What comes along with an event: who, whom, from where, by whom, and why.

use std::sync::{Arc, Mutex};

use certsession_core::test_util::{Fault, block_on};
use certsession_core::{
    Actor, EventDetails, EventSink, OpenRequest, Owner, PeerState, Presented, Principal,
    RequestInfo, Revocation, SessionEvent, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, World};

/// Each event as `NAME who=… whom=… from=… by=… why=…`, of what is known.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl EventSink for Told {
    fn record(&self, _: &SessionEvent) {
        unreachable!("the rules call `record_with`");
    }

    fn record_with(&self, event: &SessionEvent, details: &EventDetails<'_>) {
        let mut text = event.name().to_owned();
        let parts = [
            (
                "who",
                details.presented.map(|peer| peer.serial().to_string()),
            ),
            ("whom", details.principal.map(ToString::to_string)),
            ("bound", details.bound_serial.map(ToString::to_string)),
            ("from", details.request.client.map(|it| it.to_string())),
            ("at", details.request.path.map(str::to_owned)),
            ("by", details.actor.map(|actor| actor.kind().to_owned())),
            (
                "named",
                details
                    .actor
                    .as_ref()
                    .and_then(Actor::name)
                    .map(str::to_owned),
            ),
            ("why", details.cause_text()),
        ];
        for (name, value) in parts {
            if let Some(value) = value {
                text.push_str(&format!(" {name}={value}"));
            }
        }
        self.0.lock().unwrap().push(text);
    }
}

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn world() -> (World, Told) {
    let told = Told::default();
    let world = World::with(|rules| rules.event_sink(told.clone()));
    (world, told)
}

fn peers() -> [PeerState; 2] {
    let ca = Ca::named("ca");
    [1, 2].map(|serial| ca.issue(&Certificate::serial(serial)))
}

#[test]
fn a_theft_names_the_thief_the_owner_and_where_it_came_from() {
    let (world, told) = world();
    let [alice, mallory] = peers();
    let owner = Client::signed_in(&world, &alice, "alice");
    told.take();
    let opened = block_on(world.sessions.open_request(&OpenRequest {
        presented: Presented::One(owner.cookie.as_ref().unwrap().as_bytes()),
        peer: &mallory,
        reads_near: false,
        request: RequestInfo {
            method: Some("GET"),
            path: Some("/me"),
            client: Some(([192, 0, 2, 1], 443).into()),
        },
    }));
    assert!(opened.is_err());
    assert_eq!(
        told.take(),
        ["request_refused who=02 whom=alice bound=01 from=192.0.2.1:443 at=/me"]
    );
}

#[test]
fn a_sign_in_and_a_sign_out_name_the_certificate_and_the_client_of_their_request() {
    let (world, told) = world();
    let [alice, _] = peers();
    let open = |cookie: Option<&str>| {
        block_on(world.sessions.open_request(&OpenRequest {
            presented: cookie.map_or(Presented::None, |text| Presented::One(text.as_bytes())),
            peer: &alice,
            reads_near: false,
            request: RequestInfo {
                client: Some(([192, 0, 2, 1], 443).into()),
                ..RequestInfo::default()
            },
        }))
        .unwrap()
    };
    let mut client = Client::of(&alice);
    let mut session = open(None);
    session.sign_in("alice").unwrap();
    client.finish(&world, &mut session).result.unwrap();
    let who = "who=01 whom=alice bound=01 from=192.0.2.1:443";
    let begun =
        ["session_issued", "session_bound", "signed_in"].map(|name| format!("{name} {who}"));
    assert_eq!(told.take(), begun);

    let mut session = open(client.cookie.as_deref());
    session.sign_out().unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(told.take(), [format!("session_ended {who} by=client")]);
}

#[test]
fn an_end_from_outside_names_its_actor() {
    let (world, told) = world();
    let [alice, bob] = peers();
    let of_certificate = |peer: &PeerState| Revocation::of_certificate(peer.certificate().unwrap());
    let principal = Principal::new("alice").unwrap();
    let owner = Owner::Principal(principal.clone());
    let begin = || {
        let client = Client::signed_in(&world, &alice, "alice");
        let handle = client.handle(&world).unwrap();
        told.take();
        handle
    };
    let admin = world.sessions.admin();
    let carol = admin.acting_as("carol\nroot");

    let handle = begin();
    assert!(block_on(carol.revoke(handle)).unwrap());
    let named = "session_revoked whom=alice bound=01 by=operator named=carolroot";
    assert_eq!(told.take(), [named]);

    let handle = begin();
    assert!(block_on(admin.revoke_own(&principal, handle)).unwrap());
    let own = "session_revoked whom=alice bound=01 by=principal named=alice";
    assert_eq!(told.take(), [own]);

    begin();
    block_on(admin.revoke_all(&owner)).unwrap();
    assert_eq!(told.take(), ["session_revoked whom=alice by=application"]);

    begin();
    world.sessions.revocations().revoke(of_certificate(&alice));
    block_on(world.sessions.end_revoked()).unwrap();
    let named = "session_revoked whom=alice bound=01 by=rules";
    assert_eq!(told.take(), [named]);

    // Whose session it was is nice to know; that it ends is not left to it.
    Client::signed_in(&world, &bob, "bob");
    told.take();
    world.sessions.revocations().revoke(of_certificate(&bob));
    world
        .faults
        .fail_next(StoreOperation::Sessions, Fault::Before);
    block_on(world.sessions.end_revoked()).unwrap();
    assert_eq!(told.take(), ["session_revoked bound=02 by=rules"]);
}

#[test]
fn the_end_of_everyones_sessions_names_each_and_its_actor() {
    let (world, told) = world();
    let [alice, bob] = peers();
    let own = Client::signed_in(&world, &alice, "alice").handle(&world);
    Client::signed_in(&world, &bob, "bob");
    told.take();
    let carol = world.sessions.admin().acting_as("carol");
    assert_eq!(
        block_on(carol.revoke_everyone_but(own.unwrap())).unwrap(),
        1
    );
    let named = "session_revoked whom=bob bound=02 by=operator named=carol";
    assert_eq!(told.take(), [named]);
    assert_eq!(block_on(world.sessions.revoke_everyone()).unwrap(), 1);
    let named = "session_revoked whom=alice bound=01 by=application";
    assert_eq!(told.take(), [named]);
}

#[test]
fn a_failure_of_the_store_names_its_cause_and_the_request() {
    let (world, told) = world();
    let [alice, _] = peers();
    let client = Client::signed_in(&world, &alice, "alice");
    told.take();
    world.faults.fail_next(StoreOperation::Load, Fault::Before);
    assert!(client.try_open(&world).is_err());
    assert_eq!(
        told.take(),
        ["store_failed who=01 why=the session store cannot be reached: failed on command"]
    );
}
