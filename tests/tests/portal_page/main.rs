//! The portal's page in Chromium, with a client certificate: what it looks like on a phone and on a
//! desk, light and dark, and what it does by mouse and by keyboard. Each test is over both portals.
//!
//! Pictures of it are in `target/screenshots`.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

mod errors;
mod keyboard;
mod live;
mod looks;

use certs_dev::{Identity, LeafRequest};
use certsession_tests::programs::Portal;
use certsession_tests::stores::Memory;
use certsession_tests::{Browser, Http, Plan, Stack, Tab, adapters, run};
use serde_json::json;

/// Runs a test over both portals.
macro_rules! over_both_portals {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            #[test]
            fn actix() {
                crate::on_actix_web(super::$name);
            }

            #[test]
            fn axum() {
                crate::on_axum(super::$name);
            }
        }
    )*};
}
pub(crate) use over_both_portals;

fn on_actix_web<F: Future<Output = ()>>(test: fn(Plan) -> F) {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::Two, test);
}

fn on_axum<F: Future<Output = ()>>(test: fn(Plan) -> F) {
    run::<adapters::Axum, Memory, _>(Stack::Openssl, Http::Two, test);
}

/// The certificate of a person whose name is as long as X.509 admits.
fn long_named(portal: &Portal) -> Identity {
    let name = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwarengewissen";
    let request = LeafRequest::client(name);
    portal.pki.authority().issue(&request).unwrap()
}

fn open(portal: &Portal, client: &Identity) -> Tab {
    Tab::open(&portal.base(), portal.pki.authority(), client)
}

/// Signs in by the page's form, with the mouse.
fn sign_in(tab: &mut Tab, principal: &str, label: &str) {
    for (field, text) in [("#principal", principal), ("#label", label)] {
        tab.click(field);
        tab.write(text);
    }
    tab.click("#sign-in-button");
    tab.until("document.querySelectorAll('#sessions li').length > 0");
    // What follows may end the session: before the WebSocket is open, that would be a failure of it
    // in the console.
    tab.until("document.documentElement.dataset.connected === 'yes'");
}

/// Signs in with another program, on a device of its own.
async fn another_device(portal: &Portal, principal: &str, label: &str) -> Browser {
    let device = portal.browser("another-device");
    let body = json!({ "principal": principal, "label": label });
    let request = device.request(reqwest::Method::POST, "/sign-in");
    let reply = device.send(request.body(body.to_string())).await;
    assert_eq!(reply.status, 204);
    device
}
