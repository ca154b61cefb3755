//! The workshop's shop of the examples, as its users see it.

use std::time::Duration;

use certsession_axum::{ClientAuth, MemoryStore};
use certsession_tests::{Browser, Client, Http, Live, Reply, Stack};
use reqwest::Method;
use workshop_axum::{Users, app, rules};

use crate::wire::Host;

struct Shop(Host);

impl Shop {
    async fn open(stack: Stack) -> Self {
        let app = app(rules(MemoryStore::new()), Users::for_trying()).unwrap();
        let optional =
            |tls: certsession_axum::MutualTlsBuilder| tls.client_auth(ClientAuth::Optional);
        Self(Host::start_with(stack, app, optional, |server| server).await)
    }

    fn client(&self, name: &str) -> Client {
        self.0.certificates().client(name)
    }

    fn browser(&self, client: Option<&Client>, http: Http) -> Browser {
        self.0.browser_with(client, http)
    }

    async fn signed_in(&self, client: &Client, http: Http) -> Browser {
        let browser = self.browser(Some(client), http);
        sign_in(&browser, &password_of(client), "").await;
        browser
    }
}

fn password_of(client: &Client) -> String {
    let name = client.certificate().subject().replace("CN=", "");
    format!("{name}'s password")
}

async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Reply {
    let encoded = fields.iter().map(|(name, value)| {
        let value = value.replace('\'', "%27").replace(' ', "+");
        format!("{name}={value}")
    });
    let body = encoded.collect::<Vec<_>>().join("&");
    let request = browser
        .request(Method::POST, path)
        .header("content-type", "application/x-www-form-urlencoded");
    browser.send(request.body(body)).await
}

async fn sign_in(browser: &Browser, password: &str, next: &str) -> Reply {
    send(
        browser,
        "/sign-in",
        &[("password", password), ("next", next)],
    )
    .await
}

/// Opens a page as a browser does.
async fn visit(browser: &Browser, path: &str) -> Reply {
    let request = browser.request(Method::GET, path);
    browser
        .send(request.header("sec-fetch-mode", "navigate"))
        .await
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303, "{reply:?}");
    reply.headers["location"].to_str().unwrap()
}

/// The token of the first form on a page.
async fn form_of(browser: &Browser, path: &str) -> String {
    let page = visit(browser, path).await;
    assert_eq!(page.status, 200, "{path}");
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn submit(browser: &Browser, page: &str, action: &str, more: &[(&str, &str)]) -> Reply {
    let csrf = form_of(browser, page).await;
    send(browser, action, &[&[("csrf", &*csrf)], more].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cart_is_bound_by_the_first_certificate_and_ordered_once() {
    let shop = Shop::open(Stack::Rustls).await;
    let anonymous = shop.browser(None, Http::Two);
    for part in ["bell", "chain"] {
        assert_eq!(
            location(&send(&anonymous, "/cart", &[("part", part)]).await),
            "/"
        );
    }
    let unknown = send(&anonymous, "/cart", &[("part", "<b>")]).await;
    assert_eq!(location(&unknown), "/");
    let home = visit(&anonymous, "/").await.body;
    assert!(
        home.contains("There is no such part.") && home.contains("Cart: bell, chain"),
        "{home}"
    );

    let client = shop.client("alice");
    let alice = shop.browser(Some(&client), Http::Two);
    alice.set_cookie(anonymous.cookie());
    let asked = visit(&alice, "/account").await;
    assert_eq!(location(&asked), "/sign-in?next=/account");
    let wrong = sign_in(&alice, "guessed", "/account").await;
    assert_eq!(location(&wrong), "/sign-in");
    assert!(
        visit(&alice, "/sign-in")
            .await
            .body
            .contains("not the password")
    );
    let welcome = sign_in(&alice, &password_of(&client), "/account").await;
    assert_eq!(location(&welcome), "/account");
    assert!(
        visit(&anonymous, "/").await.body.contains("Cart: <"),
        "its token is dead"
    );

    let foreign = send(&alice, "/order", &[("csrf", "x")]).await;
    assert_eq!(foreign.status, 403);
    let csrf = form_of(&alice, "/").await;
    let fields = [("csrf", &*csrf)];
    let both = futures_util::future::join(
        send(&alice, "/order", &fields),
        send(&alice, "/order", &fields),
    );
    let (one, two) = both.await;
    assert_eq!((location(&one), location(&two)), ("/", "/"));
    let home = visit(&alice, "/").await.body;
    assert_eq!(home.matches("Ordered: bell, chain.").count(), 1, "{home}");
    assert_eq!(home.matches("The cart is empty.").count(), 1, "{home}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_changed_after_a_step_up_and_the_other_sessions_end() {
    let shop = Shop::open(Stack::Openssl).await;
    let client = shop.client("alice");
    let here = shop.signed_in(&client, Http::One).await;
    let there = shop.signed_in(&client, Http::One).await;
    let live = Live::open(&there);
    let listed = visit(&here, "/account").await.body;
    assert_eq!(listed.matches("<li>").count(), 2, "{listed}");

    let new = [("password", "new")];
    let early = submit(&here, "/account", "/account/password", &new).await;
    assert_eq!(early.status, 401);
    let old = password_of(&client);
    submit(&here, "/account", "/account/confirm", &[("password", &old)]).await;
    let changed = submit(&here, "/account", "/account/password", &new).await;
    assert_eq!(location(&changed), "/account");
    assert!(
        visit(&here, "/account")
            .await
            .body
            .contains("1 other sessions ended")
    );
    assert_eq!(
        location(&visit(&there, "/account").await),
        "/sign-in?next=/account"
    );
    assert!(live.closed_within(Duration::from_secs(3)).is_some());
    assert_eq!(location(&sign_in(&there, &old, "").await), "/sign-in");
    assert_eq!(location(&sign_in(&there, "new", "").await), "/");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mechanic_ends_everyones_sessions_and_no_one_else_may() {
    let shop = Shop::open(Stack::Rustls).await;
    let [alice, carol] = ["alice", "carol"].map(|name| shop.client(name));
    let alice = shop.signed_in(&alice, Http::Two).await;
    let carol = shop.signed_in(&carol, Http::Two).await;
    let anonymous = shop.browser(None, Http::Two);
    send(&anonymous, "/cart", &[("part", "bell")]).await;
    assert_eq!(visit(&alice, "/office").await.status, 403);
    assert!(visit(&carol, "/office").await.body.contains("3 sessions"));
    let ended = submit(&carol, "/office", "/office/end-all", &[]).await;
    assert_eq!(location(&ended), "/office");
    assert!(
        visit(&carol, "/office")
            .await
            .body
            .contains("2 sessions ended.")
    );
    assert_eq!(
        location(&visit(&alice, "/account").await),
        "/sign-in?next=/account"
    );
    let thief = shop.browser(Some(&shop.client("mallory")), Http::Two);
    thief.set_cookie(carol.cookie());
    assert_eq!(visit(&thief, "/office").await.status, 403);
}
