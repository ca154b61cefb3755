//! The application of the tutorial, step by step, as separate programs and with real clients.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod quotes;
mod shop;

use std::time::Duration;

use certsession_core::PeerCertificate;
use certsession_tests::curl::Curl;
use certsession_tests::proxies::{Proxy, Running};
use certsession_tests::redis::{self, wait_for};
use certsession_tests::{Http, Port};

use crate::shop::Shop;

const LIMIT: Duration = Duration::from_secs(30);

/// Defines each test for both frameworks.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod actix {
            $(#[test] fn $name() { super::$name("parts"); })*
        }

        mod axum {
            $(#[test] fn $name() { super::$name("parts-axum"); })*
        }
    };
}

on_both! {
    a_certificate_signs_its_owner_in
    the_cart_survives_the_sign_in_and_is_ordered_once
    an_approval_needs_the_role_and_a_second_factor
    a_user_ends_other_sessions
    sessions_in_redis_survive_a_restart
    nginx_forwards_the_certificates
    the_operator_sees_metrics_and_readiness
    a_session_moves_to_the_renewed_certificate
}

fn a_certificate_signs_its_owner_in(example: &str) {
    let shop = Shop::open(example, &[]);
    let anna = shop.curl("anna");
    assert_eq!(anna.get("/whoami").status, 401);
    assert_eq!(anna.post("/sign-in").body, "welcome, anna\n");
    assert_eq!(anna.get("/whoami").body, "you are anna\n");

    // Alice's certificate has no e-mail address.
    assert_eq!(shop.curl("alice").post("/sign-in").status, 403);
    let thief = shop.curl("ben").with_jar_of(&anna);
    assert_eq!(thief.get("/whoami").status, 403);

    assert_eq!(anna.get("/whoami").status, 200);
    assert_eq!(anna.post("/sign-out").status, 204);
    assert_eq!(anna.get("/whoami").status, 401);
}

fn the_cart_survives_the_sign_in_and_is_ordered_once(example: &str) {
    let shop = Shop::open(example, &[]);
    let anna = shop.curl("anna");
    for part in ["bolt", "bolt", "nut"] {
        assert_eq!(anna.post(&format!("/cart/{part}")).status, 204);
    }
    assert_eq!(anna.post("/orders").status, 401);
    sign_in(&anna);
    assert_eq!(anna.get("/cart").body, "2 bolt\n1 nut\n");
    let order = anna.post("/orders");
    assert_eq!((order.status, order.body.as_str()), (201, "order 1\n"));
    assert_eq!(anna.post("/orders").status, 409);
    let listed = anna.get("/orders").body;
    assert_eq!(
        listed,
        "order 1 of anna, 3 in all, approved by no one yet\n"
    );
}

fn an_approval_needs_the_role_and_a_second_factor(example: &str) {
    let shop = Shop::open(example, &[]);
    let (anna, ben) = (shop.curl("anna"), shop.curl("ben"));
    sign_in(&anna);
    sign_in(&ben);
    anna.post("/cart/bolt");
    anna.post("/orders");

    let code = |curl: &Curl, code: &str| curl.run("/confirm", &["--data", code]).status;
    assert_eq!(code(&anna, "code=123456"), 204);
    assert_eq!(anna.post("/orders/1/approve").status, 403);

    assert_eq!(ben.post("/orders/1/approve").status, 401);
    assert_eq!(code(&ben, "code=000000"), 403);
    assert_eq!(ben.post("/orders/1/approve").status, 401);
    assert_eq!(code(&ben, "code=123456"), 204);
    assert_eq!(ben.post("/orders/1/approve").status, 204);
    assert_eq!(ben.post("/orders/2/approve").status, 404);
    assert!(anna.get("/orders").body.ends_with("approved by ben\n"));
}

fn a_user_ends_other_sessions(example: &str) {
    let shop = Shop::open(example, &[]);
    let [laptop, phone, tablet] = ["laptop", "phone", "tablet"].map(|agent| {
        let curl = shop.curl("anna");
        assert_eq!(
            curl.run("/sign-in", &["-X", "POST", "-A", agent]).status,
            200
        );
        curl
    });
    let list = laptop.get("/sessions").body;
    let line = |device: &str| list.lines().find(|line| line.contains(device)).unwrap();
    assert!(line(" laptop,").ends_with(", this one"), "{list}");

    let (handle, _) = line(" phone,").split_once(' ').unwrap();
    assert_eq!(laptop.delete(&format!("/sessions/{handle}")).status, 204);
    assert_eq!(laptop.delete(&format!("/sessions/{handle}")).status, 404);
    assert_eq!(phone.get("/whoami").status, 401);
    assert_eq!(laptop.delete("/sessions").body, "1 sessions ended\n");
    assert_eq!(tablet.get("/whoami").status, 401);
    assert_eq!(laptop.get("/whoami").status, 200);
}

fn sessions_in_redis_survive_a_restart(example: &str) {
    let url = redis::shared().url();
    let mut shop = Shop::open(example, &[("PARTS_REDIS", &url)]);
    let anna = shop.curl("anna");
    sign_in(&anna);
    anna.post("/cart/bolt");
    shop.restart(&[("PARTS_REDIS", &url)]);
    assert_eq!(
        shop.curl("anna")
            .with_jar_of(&anna)
            .at(shop.base())
            .get("/cart")
            .body,
        "1 bolt\n"
    );
}

fn nginx_forwards_the_certificates(example: &str) {
    let folder = shop::mint();
    let dir = folder.path().join("certs");
    let proxy = shop::issue(&dir, "proxy", |request| request);
    let certificate = PeerCertificate::from_der(proxy.certificate_der()).unwrap();
    let key = certificate.public_key_hash().to_string();
    for name in ["client-ca.pem", "app-ca.pem"] {
        std::fs::copy(dir.join("ca.pem"), dir.join(name)).unwrap();
    }
    let shop = Shop::open_in(folder, example, &[("PARTS_NGINX_KEY", &key)]);
    let port = Port::reserve();
    let _nginx = Running::start(Proxy::Nginx, &dir, port.number(), shop.port());
    let through = |name: &str| {
        let base = format!("https://localhost:{}", port.number());
        shop.curl(name).at(base)
    };

    let (anna, ben) = (through("anna"), through("ben"));
    wait_for("nginx", LIMIT, || anna.run_once("/cart", &[]).ok());
    sign_in(&anna);
    assert_eq!(anna.get("/whoami").body, "you are anna\n");
    assert_eq!(ben.with_jar_of(&anna).get("/whoami").status, 403);
    // Around the proxy there is no handshake.
    assert!(shop.curl("anna").try_run("/whoami", &[]).is_err());
}

fn the_operator_sees_metrics_and_readiness(example: &str) {
    let port = Port::reserve();
    let address = format!("127.0.0.1:{}", port.number());
    let shop = Shop::open(example, &[("PARTS_OPERATOR", &address)]);
    let anna = shop.curl("anna");
    sign_in(&anna);
    let stolen = shop.curl("ben").with_jar_of(&anna).get("/whoami");
    assert_eq!(stolen.status, 403);

    let operator = Curl::of_program(
        &format!("http://{address}"),
        &shop.certs(),
        "anna",
        Http::One,
    );
    let metrics = operator.get("/metrics").body;
    for line in [
        "certsession_sign_ins_total 1",
        "certsession_refusals_total{reason=\"other_certificate\"} 1",
        "certsession_sessions_live 1",
    ] {
        assert!(
            metrics.lines().any(|known| known == line),
            "{line}: {metrics}"
        );
    }
    assert!(metrics.contains("certsession_store_seconds_bucket{"));
    assert_eq!(operator.get("/ready").status, 200);
    assert_eq!(operator.get("/cart").status, 404);
}

fn a_session_moves_to_the_renewed_certificate(example: &str) {
    let shop = Shop::open(example, &[]);
    let anna = shop.curl("anna");
    sign_in(&anna);
    let before = shop.certs().join("before");
    std::fs::create_dir(&before).unwrap();
    for file in ["ca.pem", "anna.pem", "anna.key"] {
        std::fs::copy(shop.certs().join(file), before.join(file)).unwrap();
    }
    certs_dev::renew(shop.certs(), "anna", false).unwrap();
    assert_eq!(anna.get("/whoami").body, "you are anna\n");
    let old = Curl::of_program(&shop.base(), &before, "anna", Http::One).with_jar_of(&anna);
    assert_eq!(old.get("/whoami").status, 403);
    // A certificate of someone else with a copy of the cookie is still a thief's.
    assert_eq!(
        shop.curl("ben").with_jar_of(&anna).get("/whoami").status,
        403
    );
}

fn sign_in(curl: &Curl) {
    assert_eq!(curl.post("/sign-in").status, 200);
}
