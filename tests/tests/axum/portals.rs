//! The two portals say the same, to the letter.

use std::sync::Mutex;

use certsession_tests::stores::Memory;
use certsession_tests::{Browser, Http, Plan, Stack, adapters, run};
use reqwest::Method;

/// What was said, line by line.
static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Names and times differ from run to run; so do serials and fingerprints.
const VARYING: [&str; 7] = [
    "handle",
    "created_at",
    "idle_deadline",
    "absolute_deadline",
    "last_seen_at",
    "serial",
    "sha256",
];

async fn transcript(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    for (method, path, body) in [
        (Method::GET, "/session", ""),
        (Method::GET, "/", ""),
        (Method::GET, "/me", ""),
        (Method::GET, "/nowhere", ""),
        (Method::HEAD, "/session", ""),
        (Method::PATCH, "/session", "x"),
        (Method::POST, "/session/data/a", "1"),
        (Method::PUT, "/session/data/a%20b%2Fc", "1"),
        (Method::PUT, "/session/data/k", "{\"a\": [1,  2]}"),
        (Method::PUT, "/session/data/k", "no JSON"),
        (Method::GET, "/session/data/k", ""),
        (Method::GET, "/session/data/none", ""),
        (Method::GET, "/session", ""),
        (Method::POST, "/sign-in", "no JSON"),
        (Method::POST, "/sign-in", "{\"principal\":\"\"}"),
        (
            Method::POST,
            "/sign-in",
            "{\"principal\":\"alice\",\"carry\":[\"k\"]}",
        ),
        (Method::GET, "/me", ""),
        (Method::GET, "/sessions", ""),
        (Method::GET, "/", ""),
        (Method::DELETE, "/sessions/none", ""),
        (Method::GET, "/live", ""),
        (Method::DELETE, "/session/data/k", ""),
        (Method::POST, "/rotate", "ignored"),
        (Method::GET, "/slow?ms=0&key=k&value=v", ""),
        (Method::GET, "/slow/waiting", ""),
        (Method::POST, "/sign-out-fail", ""),
        (Method::POST, "/sign-out", ""),
        (Method::DELETE, "/sessions", ""),
    ] {
        note(&alice, method, path, body.to_owned()).await;
    }
    for path in ["/sign-in", "/live"] {
        let method = match path {
            "/live" => Method::GET,
            _ => Method::POST,
        };
        let request = alice
            .request(method, path)
            .header("sec-fetch-site", "cross-site");
        let reply = alice.send(request).await;
        SAID.lock()
            .unwrap()
            .push(format!("{path}: {} {}", reply.status, reply.body));
    }
    // Whether the answer arrives, or the end of a connection whose body is not read, is a race.
    let large = "x".repeat(3 << 20);
    let request = alice
        .request(Method::PUT, "/session/data/large")
        .body(large);
    if let Ok(reply) = alice.try_send(request).await {
        assert_eq!(reply.status, 413);
    }
    let alice = alice.reconnecting();
    note(&alice, Method::GET, "/session/data/large", String::new()).await;
}

async fn note(browser: &Browser, method: Method, path: &str, body: String) {
    let request = browser.request(method.clone(), path).body(body);
    let mut lines = vec![format!("{method} {path}")];
    match browser.try_send(request).await {
        Ok(reply) => {
            lines.push(reply.status.to_string());
            for name in [
                "content-type",
                "cache-control",
                "vary",
                "content-security-policy",
            ] {
                lines.push(format!("{name}: {:?}", reply.headers.get(name)));
            }
            lines.push(format!("cookie: {}", reply.set_cookie().is_some()));
            lines.push(without_what_varies(&reply.body));
        }
        Err(_) => lines.push("no answer".to_owned()),
    }
    SAID.lock().unwrap().push(lines.join("\n"));
}

fn without_what_varies(body: &str) -> String {
    let mut body = body.to_owned();
    for name in VARYING {
        let begin = format!("\"{name}\":\"");
        let pieces: Vec<_> = body.split(&begin).map(str::to_owned).collect();
        body = pieces
            .iter()
            .enumerate()
            .map(|(at, piece)| match at {
                0 => piece.clone(),
                _ => format!("{begin}{}", &piece[piece.find('"').unwrap()..]),
            })
            .collect();
    }
    match body.starts_with("<!") {
        // The page: its tags, without what is between them.
        true => body
            .split('<')
            .map(|tag| tag.split_once('>').map_or(tag, |(tag, _)| tag))
            .map(|tag| tag.split("/sessions/").next().unwrap())
            .map(|tag| tag.split("datetime=").next().unwrap())
            .collect::<Vec<_>>()
            .join("\n"),
        false => body,
    }
}

#[test]
fn the_portals_answer_alike() {
    for http in [Http::One, Http::Two] {
        run::<adapters::Actix, Memory, _>(Stack::Rustls, http, transcript);
        let actix = std::mem::take(&mut *SAID.lock().unwrap());
        run::<adapters::Axum, Memory, _>(Stack::Rustls, http, transcript);
        let axum = std::mem::take(&mut *SAID.lock().unwrap());
        let differ: Vec<_> = actix
            .iter()
            .zip(&axum)
            .filter(|(actix, axum)| actix != axum)
            .map(|(actix, axum)| format!("== actix-web\n{actix}\n== axum\n{axum}\n"))
            .collect();
        assert!(differ.is_empty(), "{http:?}\n{}", differ.join("\n"));
        assert_eq!(actix.len(), axum.len());
    }
}

#[test]
fn a_long_list_of_sessions_names_its_next_page() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::Two, reads_a_list_page_by_page);
    run::<adapters::Axum, Memory, _>(Stack::Rustls, Http::Two, reads_a_list_page_by_page);
}

async fn reads_a_list_page_by_page(plan: Plan) {
    const SESSIONS: usize = 130;
    let site = plan.start().await;
    let alice = site.browser("alice");
    for _ in 0..SESSIONS {
        alice.set_cookie(None);
        assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
    }
    let mut handles = std::collections::BTreeSet::new();
    let mut next = Some("/sessions".to_owned());
    while let Some(path) = next {
        let reply = alice.get(&path).await;
        assert_eq!(reply.status, 200, "{path}");
        let listed = reply.json();
        let listed = listed.as_array().unwrap();
        assert!(listed.len() <= 100, "{}", listed.len());
        let of = |it: &serde_json::Value| it["handle"].as_str().unwrap().to_owned();
        handles.extend(listed.iter().map(of));
        let link = reply.headers.get("link").map(|it| it.to_str().unwrap());
        next = link.map(|it| {
            let path = it
                .strip_prefix('<')
                .unwrap()
                .strip_suffix(">; rel=\"next\"");
            path.unwrap().to_owned()
        });
    }
    assert_eq!(handles.len(), SESSIONS);
    assert_eq!(alice.get("/sessions?after=x").await.status, 400);
}
