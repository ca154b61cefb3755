//! A staged attack on a real portal over Redis: theft, fixation, replay, a cross-site page, a flood,
//! a revoked certificate, a store that fails. What the log says of it is in docs/operations.md.

use std::cmp::Reverse;
use std::fs;
use std::net::SocketAddr;
use std::sync::OnceLock;

use certs_dev::{CrlRequest, Identity, LeafRequest};
use certsession_core::Token;
use certsession_redis::RedisStore;
use certsession_tests::ledger::record_secret;
use certsession_tests::programs::Portal;
use certsession_tests::redis::RedisServer;
use certsession_tests::stores::{StoreKind, open_redis};
use certsession_tests::{Browser, Client, Http, Plan, Stack, adapters, run};
use reqwest::Method;

use crate::guide;
use crate::log::{Line, Log, Step};

/// A server that only this test uses, and breaks.
fn redis() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(RedisServer::start)
}

struct OnOwnServer;

impl OnOwnServer {
    fn stop() {
        redis().kill();
    }
}

impl StoreKind for OnOwnServer {
    type Store = RedisStore;

    async fn open(_: Option<usize>) -> RedisStore {
        open_redis(&redis().url()).await
    }

    fn portal_flag() -> String {
        redis().url()
    }
}

#[test]
fn the_log_of_a_staged_attack_on_actix_web_is_the_one_in_the_guide() {
    run::<adapters::Actix, OnOwnServer, _>(Stack::Rustls, Http::One, compare);
}

#[test]
fn the_log_of_a_staged_attack_on_axum_is_the_one_in_the_guide() {
    run::<adapters::Axum, OnOwnServer, _>(Stack::Rustls, Http::Two, compare);
}

async fn compare(plan: Plan) {
    guide::compare(&stage(plan).await);
}

struct Scene {
    portal: Portal,
    log: Log,
    steps: Vec<Step>,
    secrets: Vec<String>,
}

impl Scene {
    fn browser(&self, identity: &Identity) -> Browser {
        let client = Client::of(identity);
        let authority = self.portal.pki.authority().certificate_der();
        let address = SocketAddr::from(([127, 0, 0, 1], self.portal.port()));
        Browser::new(address, authority, Some(&client), self.portal.http())
    }

    /// Keeps the lines of a step, which are at least of these kinds.
    async fn told(&mut self, title: &'static str, kinds: &[&str]) {
        let mut lines = self.log.wait_for(kinds).await;
        // The task that ends the sessions of a revoked certificate looks once more when its client
        // goes on: it may meet the store just when that is down.
        let is_late_look = |line: &Line| {
            line.get("event") == Some("store_failed") && line.get("actor") == Some("rules")
        };
        // Each connection to Redis says how it writes, when it is opened: not by the attack.
        let is_about_a_connection =
            |line: &Line| line.get("message") == Some("records are replaced on this connection");
        lines.retain(|line| !is_late_look(line) && !is_about_a_connection(line));
        // Of two threads either may come first: the one that reads a list, or the one that ends
        // sessions because of it.
        lines.sort_by_key(|line| Reverse(line.get("target").map(str::to_owned)));
        // The guide names no folder of this machine.
        let folder = self.portal.dir().to_str().unwrap();
        for line in &mut lines {
            line.text = line.text.replace(folder, "/etc/portal");
        }
        for line in &lines {
            // So that the search of the suite's output covers them.
            eprintln!("{}", line.text);
        }
        self.steps.push(Step { title, lines });
    }

    fn keep_secret(&mut self, browser: &Browser) -> String {
        let cookie = browser.stolen_cookie();
        record_secret(&cookie);
        self.secrets.push(cookie.clone());
        cookie
    }
}

async fn stage(plan: Plan) -> Vec<Step> {
    let log = Log::new();
    let flags = ["--binding", "public-key", "--crl", "{dir}/crl.pem"];
    let portal = Portal::start_operated(plan, &flags, log.file());
    let authority = portal.pki.authority();
    let issue = |request: &LeafRequest| authority.issue(request).unwrap();
    let alice = issue(&LeafRequest::client("alice"));
    let renewed = issue(&LeafRequest::client("alice").days(400).same_key_as(&alice));
    let mallory = issue(&LeafRequest::client("mallory"));
    let mut scene = Scene {
        portal,
        log,
        steps: Vec::new(),
        secrets: Vec::new(),
    };

    let owner = scene.browser(&alice);
    assert_eq!(owner.sign_in("alice", &[]).await.status, 204);
    let begun = ["session_issued", "session_bound", "signed_in"];
    scene.told("Alice signs in", &begun).await;

    let stolen = scene.keep_secret(&owner);
    let thief = scene.browser(&mallory);
    thief.set_cookie(Some(stolen.clone()));
    assert_eq!(thief.get("/me").await.status, 403);
    let theft = ["request_refused other_certificate"];
    scene
        .told("Theft: Mallory uses the cookie of Alice", &theft)
        .await;

    thief.set_cookie(None);
    assert_eq!(thief.sign_in("mallory", &[]).await.status, 204);
    scene.told("Mallory signs in", &begun).await;
    let planted = scene.keep_secret(&thief);
    let victim = scene.browser(&alice);
    victim.set_cookie(Some(planted));
    assert_eq!(victim.get("/me").await.status, 403);
    scene
        .told(
            "Fixation: the browser of Alice has the cookie of Mallory",
            &theft,
        )
        .await;
    let made_up = Token::issue().unwrap().expose();
    record_secret(&made_up);
    scene.secrets.push(made_up.clone());
    victim.set_cookie(Some(made_up));
    assert_eq!(victim.get("/me").await.status, 401);
    let unknown = ["token_ignored unknown_token"];
    scene
        .told(
            "Fixation: the browser of Alice has a cookie that Mallory made up",
            &unknown,
        )
        .await;

    assert_eq!(owner.post("/rotate").await.status, 204);
    scene.keep_secret(&owner);
    scene
        .told("Alice gets a new token", &["session_rotated requested"])
        .await;
    let copy = scene.browser(&alice);
    copy.set_cookie(Some(stolen));
    assert_eq!(copy.get("/me").await.status, 401);
    scene
        .told(
            "Replay: the old token again, under the certificate of Alice",
            &["token_replayed"],
        )
        .await;

    let page = owner
        .request(Method::POST, "/sign-out")
        .header("sec-fetch-site", "cross-site")
        .header("origin", "https://mallory.example");
    assert_eq!(owner.send(page).await.status, 403);
    scene
        .told(
            "Cross-site: a page of Mallory signs Alice out",
            &["request_refused cross_site"],
        )
        .await;

    let moved = scene.browser(&renewed);
    moved.set_cookie(owner.cookie());
    assert_eq!(moved.get("/me").await.status, 200);
    scene.keep_secret(&moved);
    scene
        .told(
            "Alice comes with a renewed certificate",
            &["session_rebound", "session_rotated renewal"],
        )
        .await;

    for _ in 0..3 {
        thief.set_cookie(Some("guess".to_owned()));
        assert_eq!(thief.get("/me").await.status, 401);
    }
    scene
        .told(
            "Flood: Mallory guesses, three times here",
            &["token_ignored malformed_token"; 3],
        )
        .await;

    let list = CrlRequest::new().revoke(&mallory);
    let list = scene.portal.pki.authority().revocation_list(&list).unwrap();
    let path = scene.portal.dir().join("crl.pem");
    // In one step: the portal reads it four times a second.
    fs::write(path.with_extension("new"), list.pem()).unwrap();
    fs::rename(path.with_extension("new"), path).unwrap();
    scene
        .told(
            "The certificate of Mallory is revoked",
            &[
                "reloaded the revocation lists",
                "session_revoked certificate_revoked",
            ],
        )
        .await;
    assert_eq!(thief.get("/me").await.status, 403);
    scene
        .told(
            "Mallory goes on, over the connection that is open",
            &["request_refused certificate_revoked"],
        )
        .await;

    let mut redis = redis().connect().unwrap();
    redis.ask(&["ACL", "SETUSER", "default", "-get"]).unwrap();
    assert_eq!(moved.get("/me").await.status, 503);
    scene
        .told(
            "The store: the user of the portal may not read",
            &["store_failed"],
        )
        .await;
    redis.ask(&["ACL", "SETUSER", "default", "+get"]).unwrap();
    assert_eq!(moved.get("/me").await.status, 200);

    assert_eq!(moved.delete("/sessions").await.status, 204);
    scene
        .told(
            "Alice ends all her sessions",
            &["session_revoked requested"],
        )
        .await;
    assert_eq!(moved.sign_in("alice", &[]).await.status, 204);
    scene.told("Alice signs in again", &begun).await;
    scene.keep_secret(&moved);
    assert_eq!(moved.post("/sign-out").await.status, 204);
    scene
        .told("Alice signs out", &["session_ended sign_out"])
        .await;

    assert_eq!(moved.sign_in("alice", &[]).await.status, 204);
    scene.log.wait_for(&begun).await;
    OnOwnServer::stop();
    assert_eq!(moved.get("/me").await.status, 503);
    scene.told("The store is down", &["store_failed"]).await;

    for step in &scene.steps {
        for line in &step.lines {
            for secret in &scene.secrets {
                assert!(!line.text.contains(&secret[22..]), "{}", step.title);
            }
        }
    }
    scene.steps
}
