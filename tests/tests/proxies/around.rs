//! Requests that do not come from the proxy.

use std::fs;

use certs_dev::LeafRequest;
use certsession_tests::Plan;
use certsession_tests::curl::{Curl, Printed};
use certsession_tests::proxies::BehindProxy;

use crate::cells::behind_a_proxy;
use crate::forms::{self, arguments};

behind_a_proxy![
    a_request_around_a_proxy_that_is_known_by_its_key_is_refused,
    a_request_around_a_proxy_that_is_known_by_its_name_is_refused,
    a_request_around_a_proxy_that_is_known_by_address_and_secret_is_refused,
    a_unix_socket_is_the_proxys_alone,
];

/// The fields of alice's certificate, as arguments of curl.
fn alice(behind: &BehindProxy) -> Vec<String> {
    arguments(&forms::of("nginx", behind.portal.pki.alice()))
}

fn get(curl: &Curl, fields: &[String]) -> Result<Printed, String> {
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    curl.try_run("/session", &fields)
}

/// It is an error, and not the page of a client without a certificate.
fn assert_refused(answer: Result<Printed, String>) {
    if let Ok(answer) = answer {
        assert_eq!(answer.status, 403, "{answer:?}");
    }
}

async fn a_request_around_a_proxy_that_is_known_by_its_key_is_refused(plan: Plan) {
    let behind = BehindProxy::by_key(plan, "nginx", &[]);
    let fields = alice(&behind);
    assert_eq!(get(&behind.as_proxy(), &fields).unwrap().status, 200);
    let another = behind.as_another(&LeafRequest::client("proxy").dns("proxy.example"));
    for sender in [another, behind.as_stranger(), behind.portal.curl("alice")] {
        assert!(
            get(&sender, &fields).is_err(),
            "a handshake with no known key fails"
        );
        assert!(get(&sender, &[]).is_err());
    }
}

async fn a_request_around_a_proxy_that_is_known_by_its_name_is_refused(plan: Plan) {
    let behind = BehindProxy::by_name(plan, "nginx", &[]);
    let fields = alice(&behind);
    assert_eq!(get(&behind.as_proxy(), &fields).unwrap().status, 200);
    for name in ["another.example", "proxy.example.com", "xproxy.example"] {
        let another = behind.as_another(&LeafRequest::client("proxy.example").dns(name));
        assert_eq!(get(&another, &fields).unwrap().status, 403);
        assert_eq!(get(&another, &[]).unwrap().status, 403);
    }
    let renewed = behind.as_another(&LeafRequest::client("new").dns("PROXY.example"));
    assert_eq!(get(&renewed, &fields).unwrap().status, 200);
    for sender in [behind.as_stranger(), behind.portal.curl("alice")] {
        assert_refused(get(&sender, &fields));
        assert_refused(get(&sender, &[]));
    }
}

async fn a_request_around_a_proxy_that_is_known_by_address_and_secret_is_refused(plan: Plan) {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let behind = BehindProxy::by_flags(plan, "nginx", |dir| {
        let file = dir.join("secret");
        fs::write(&file, format!("{SECRET}\n")).unwrap();
        let file = file.display().to_string();
        let flags = ["--proxy-address", "127.0.0.1", "--proxy-secret-file", &file];
        flags.map(str::to_owned).to_vec()
    });
    let fields = alice(&behind);
    let with = |secret: &str| {
        let mut fields = fields.clone();
        fields.extend(arguments(&[("x-proxy-secret", secret.to_owned())]));
        fields
    };
    let stranger = behind.as_stranger();
    assert_eq!(get(&stranger, &with(SECRET)).unwrap().status, 200);
    assert_eq!(get(&stranger, &fields).unwrap().status, 403);
    for secret in ["0123456789abcdef0123456789abcdeF", &SECRET[..31], ""] {
        assert_eq!(get(&stranger, &with(secret)).unwrap().status, 403);
    }
    let mut twice = with(SECRET);
    twice.extend(arguments(&[("x-proxy-secret", SECRET.to_owned())]));
    assert_eq!(get(&stranger, &twice).unwrap().status, 403);
    let mut elsewhere = with(SECRET);
    elsewhere.extend(["--interface", "127.0.0.2"].map(str::to_owned));
    assert_eq!(get(&stranger, &elsewhere).unwrap().status, 403);
    // A certificate of its own makes the sender no client.
    assert_eq!(get(&behind.portal.curl("alice"), &[]).unwrap().status, 403);
}

async fn a_unix_socket_is_the_proxys_alone(plan: Plan) {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("proxy.sock").display().to_string();
    let portal = certsession_tests::programs::UnixPortal::start(plan, &socket);
    let ask = |fields: &[String]| {
        let mut arguments = vec!["--unix-socket".to_owned(), socket.clone()];
        arguments.extend_from_slice(fields);
        let curl = portal.curl();
        get(&curl, &arguments).unwrap()
    };
    let fields = arguments(&forms::of("nginx", portal.pki.alice()));
    assert_eq!(ask(&fields).status, 200);
    assert_eq!(ask(&[]).body.trim(), "null");
    let mut refused = fields;
    refused.retain(|argument| !argument.contains("SUCCESS"));
    refused.pop();
    assert_eq!(ask(&refused).status, 403);
}
