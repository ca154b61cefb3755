//! Every dialect, the managed proxies' too, by values in their documented form.

use certs_dev::{Authority, LeafRequest};
use certsession_core::Fingerprint;
use certsession_tests::Plan;
use certsession_tests::curl::{Curl, Printed};
use certsession_tests::proxies::BehindProxy;

use crate::cells::behind_a_proxy;
use crate::forms::{self, Fields, arguments};

behind_a_proxy![
    rfc9440_is_understood,
    nginx_is_understood,
    envoy_is_understood,
    haproxy_is_understood,
    traefik_is_understood,
    apache_is_understood,
    caddy_is_understood,
    alb_is_understood,
    cloudfront_is_understood,
    cloudflare_is_understood,
    gcp_is_understood,
    azure_is_understood,
];

macro_rules! understood {
    ($($test:ident: $dialect:literal)*) => {$(
        async fn $test(plan: Plan) {
            is_understood(plan, $dialect);
        }
    )*};
}

understood! {
    rfc9440_is_understood: "rfc9440"
    nginx_is_understood: "nginx"
    envoy_is_understood: "envoy"
    haproxy_is_understood: "haproxy"
    traefik_is_understood: "traefik"
    apache_is_understood: "apache"
    caddy_is_understood: "caddy"
    alb_is_understood: "alb"
    cloudfront_is_understood: "cloudfront"
    cloudflare_is_understood: "cloudflare"
    gcp_is_understood: "gcp"
    azure_is_understood: "azure"
}

fn is_understood(plan: Plan, dialect: &str) {
    let behind = BehindProxy::by_key(plan, dialect, &[]);
    let pki = &behind.portal.pki;
    let (alice, bob) = (
        forms::of(dialect, pki.alice()),
        forms::of(dialect, pki.bob()),
    );

    let proxy = behind.as_proxy();
    assert_eq!(write(&proxy, &alice).status, 204);
    let session = get(&proxy, &alice).json();
    let expected = Fingerprint::of(pki.alice().certificate_der()).to_string();
    assert_eq!(session["certificate"]["sha256"], expected);
    // The same connection of the proxy, and another client with the cookie.
    assert_eq!(get(&proxy, &bob).status, 403);
    assert_eq!(
        get(&proxy, &Fields::new()).status,
        403,
        "the cookie without a certificate"
    );
    assert_eq!(get(&behind.as_proxy(), &Fields::new()).body.trim(), "null");

    for (what, fields) in refused(dialect, &alice) {
        let answer = get(&behind.as_proxy(), &fields);
        assert_eq!(answer.status, 403, "{dialect}: {what}: {answer:?}");
    }
    for (what, fields) in absent(dialect) {
        let answer = get(&behind.as_proxy(), &fields);
        assert_eq!(answer.body.trim(), "null", "{dialect}: {what}: {answer:?}");
    }

    // Verified by the proxy, it says, and not by one of the client CAs.
    let other = Authority::new("another CA").unwrap();
    let mallory = other.issue(&LeafRequest::client("alice")).unwrap();
    assert_eq!(
        get(&behind.as_proxy(), &forms::of(dialect, &mallory)).status,
        403
    );

    // No other dialect's fields are read, unless they are the same by specification.
    for (name, fields) in forms::all(pki.alice()) {
        if name == dialect || (dialect, name) == ("rfc9440", "cloudflare") {
            continue;
        }
        let same_field = (dialect, name) == ("caddy", "haproxy");
        let answer = write(&behind.as_proxy(), &fields);
        match same_field {
            true => assert_eq!(answer.status, 204),
            false => assert_eq!(answer.status, 403, "{dialect} reads {name}: {answer:?}"),
        }
    }
}

/// What a proxy never sends for a certificate that counts.
fn refused(dialect: &str, good: &[(&'static str, String)]) -> Vec<(String, Fields)> {
    let mut refused = vec![(
        "twice".to_owned(),
        good.iter().chain(good).cloned().collect(),
    )];
    let certificate = match dialect {
        "cloudfront" | "gcp" => 1,
        _ => 0,
    };
    let mut with = |what: &str, value: String| {
        let mut fields = good.to_vec();
        fields[certificate].1 = value;
        refused.push((what.to_owned(), fields));
    };
    let value = good[certificate].1.clone();
    with("cut off", value[..value.len() / 2].to_owned());
    with("doubled", format!("{value}{value}"));
    with("oversized", format!("{value}{}", "A".repeat(16 * 1024)));
    with("a word", "certificate".to_owned());
    let verdicts: &[&str] = match dialect {
        "nginx" | "apache" => &["NONE", "FAILED:certificate has expired", "success", ""],
        "haproxy" => &["10", "1", "00", ""],
        "cloudflare" | "gcp" => &["false", "TRUE", ""],
        _ => &[],
    };
    for verdict in verdicts {
        let mut fields = good.to_vec();
        fields.last_mut().unwrap().1 = (*verdict).to_owned();
        refused.push((format!("verdict {verdict}"), fields));
    }
    if !verdicts.is_empty() {
        refused.push(("no verdict".to_owned(), good[..good.len() - 1].to_vec()));
    }
    match dialect {
        "envoy" => {
            let (name, value) = good[0].clone();
            for (what, value) in [
                ("two elements", format!("{value},{value}")),
                ("no hash", value.split_once(';').unwrap().1.to_owned()),
                ("another hash", value.replacen("Hash=", "Hash=00", 1)),
                (
                    "a key twice",
                    format!("{value};Subject=\"a\";Subject=\"b\""),
                ),
                (
                    "an injected certificate",
                    format!("{value};URI=x;Cert=\"y\""),
                ),
                ("no certificate", "Hash=00;Subject=\"CN=alice\"".to_owned()),
                ("an open quote", value[..value.len() - 1].to_owned()),
            ] {
                refused.push((what.to_owned(), vec![(name, value)]));
            }
        }
        "alb" => {
            let unverified = ("X-Amzn-Mtls-Clientcert", good[0].1.clone());
            refused.push(("pass-through mode".to_owned(), vec![unverified]));
        }
        "cloudfront" => refused.push(("no PEM".to_owned(), good[..1].to_vec())),
        "nginx" => refused.push(("a verdict alone".to_owned(), good[1..].to_vec())),
        "cloudflare" | "gcp" => {
            let mut fields = good.to_vec();
            fields[certificate].1 = String::new();
            refused.push(("too large".to_owned(), fields));
        }
        _ => {}
    }
    refused
}

/// What a proxy sends if the client has no certificate.
fn absent(dialect: &str) -> Vec<(&'static str, Fields)> {
    let fields = |fields: &[(&'static str, &str)]| {
        let owned = |(name, value): &(&'static str, &str)| (*name, (*value).to_owned());
        fields.iter().map(owned).collect::<Fields>()
    };
    match dialect {
        "nginx" => vec![("a verdict", fields(&[("ssl-client-verify", "NONE")]))],
        "haproxy" => vec![(
            "verdict 0",
            fields(&[("x-ssl-client-cert", ""), ("x-ssl-client-verify", "0")]),
        )],
        "apache" => vec![(
            "null",
            fields(&[
                ("X-SSL-Client-Cert", "(null)"),
                ("X-SSL-Client-Verify", "NONE"),
            ]),
        )],
        "caddy" => vec![(
            "the placeholder",
            fields(&[(
                "X-SSL-Client-Cert",
                "{http.request.tls.client.certificate_der_base64}",
            )]),
        )],
        "cloudflare" => vec![(
            "empty",
            fields(&[("Client-Cert", ""), ("Client-Cert-Verified", "false")]),
        )],
        "gcp" => vec![(
            "empty",
            fields(&[
                ("X-Client-Cert-Present", "false"),
                ("X-Client-Cert-Leaf", ""),
                ("X-Client-Cert-Chain-Verified", "false"),
            ]),
        )],
        "cloudfront" => vec![(
            "not present",
            fields(&[("CloudFront-Viewer-Cert-Present", "0")]),
        )],
        _ => Vec::new(),
    }
}

fn get(curl: &Curl, fields: &[(&'static str, String)]) -> Printed {
    let fields = arguments(fields);
    let fields: Vec<_> = fields.iter().map(String::as_str).collect();
    curl.run("/session", &fields)
}

fn write(curl: &Curl, fields: &[(&'static str, String)]) -> Printed {
    let fields = arguments(fields);
    let mut all = vec!["-X", "PUT", "--data-raw", "1"];
    all.extend(fields.iter().map(String::as_str));
    curl.run("/session/data/a", &all)
}
