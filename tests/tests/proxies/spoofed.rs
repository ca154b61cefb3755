//! Clients that write the proxy's fields themselves never become someone else.

use certs_dev::Identity;
use certsession_core::Fingerprint;
use certsession_tests::Plan;
use certsession_tests::curl::{Curl, Printed};
use certsession_tests::proxies::{Fronted, Proxy};

use crate::cells::behind_every_proxy;
use crate::forms::{self, arguments, escaped};

behind_every_proxy![spoofed_fields_never_change_who_a_client_is];

async fn spoofed_fields_never_change_who_a_client_is(plan: Plan, proxy: Proxy) {
    let fronted = Fronted::start(plan, proxy, &[]);
    let pki = &fronted.behind.portal.pki;
    for (what, fields) in spoofs(proxy, pki.bob()) {
        let arguments = arguments(&fields);
        let alice = fronted.curl("alice");
        if write(&alice, &arguments).is_some_and(|answer| answer.status < 300) {
            let session = alice.get("/session").json();
            let expected = Fingerprint::of(pki.alice().certificate_der()).to_string();
            assert_eq!(
                session["certificate"]["sha256"], expected,
                "{proxy:?}: {what}"
            );
        } else {
            assert_eq!(alice.cookie(), None, "{proxy:?}: {what}");
        }
        let stranger = fronted.stranger();
        let answer = write(&stranger, &arguments);
        let status = answer.map_or(0, |answer| answer.status);
        assert!(!(200..300).contains(&status), "{proxy:?}: {what}: {status}");
        assert_eq!(stranger.cookie(), None, "{proxy:?}: {what}");
    }
    // The proxy replaces its own field, so that the request is alice's.
    let own = arguments(&forms::of(proxy.dialect(), pki.bob()));
    let answer = write(&fronted.curl("alice"), &own);
    assert_eq!(answer.map(|answer| answer.status), Some(204), "{proxy:?}");
    // What a field can do at most is to have its own request refused.
    assert_eq!(
        fronted.curl("alice").put("/session/data/a", "1").status,
        204
    );
}

/// A write, which begins a session for a client with a certificate. `None` if the proxy hung up.
fn write(curl: &Curl, arguments: &[String]) -> Option<Printed> {
    let mut all = vec!["-X", "PUT", "--data-raw", "1"];
    all.extend(arguments.iter().map(String::as_str));
    curl.try_run("/session/data/a", &all).ok()
}

/// Fields that say that the client is `bob`, or that are damaged.
fn spoofs(proxy: Proxy, bob: &Identity) -> Vec<(&'static str, forms::Fields)> {
    let own = forms::of(proxy.dialect(), bob);
    let field = proxy.certificate_field();
    let others = forms::all(bob).into_iter();
    let others = others.filter(|(name, _)| *name != proxy.dialect());
    let others: forms::Fields = others.flat_map(|(_, fields)| fields).collect();
    let twice = own.iter().chain(&own).cloned().collect();
    let mut dropped = own.clone();
    dropped.push(("Connection", format!("close, {field}")));
    let pem = bob.certificate_pem();
    vec![
        ("its own dialect", own.clone()),
        ("every other dialect", others),
        ("underscores", aliases(&own, "_")),
        ("dots", aliases(&own, ".")),
        ("twice", twice),
        ("named by Connection", dropped),
        (
            "only named by Connection",
            vec![("Connection", field.into())],
        ),
        ("oversized", vec![(field, "A".repeat(20_000))]),
        ("broken base64", vec![(field, "::::%%%==".into())]),
        (
            "two certificates",
            vec![(field, escaped(&format!("{pem}{pem}"), ""))],
        ),
        ("NUL", vec![(field, format!("%00{}", escaped(pem, "")))]),
        ("nothing", vec![(field, String::new())]),
    ]
}

fn aliases(fields: &[(&'static str, String)], instead: &str) -> forms::Fields {
    let alias = |(name, value): &(&'static str, String)| {
        let name: &'static str = name.replace('-', instead).leak();
        (name, value.clone())
    };
    fields.iter().map(alias).collect()
}
