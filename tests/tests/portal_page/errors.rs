//! The pages of failed requests: for a browser that opens one, and for no program.

use certsession_tests::Plan;
use certsession_tests::programs::Portal;

use super::{open, over_both_portals};

over_both_portals![
    a_browser_gets_a_page_where_a_request_fails,
    a_program_gets_a_status_and_a_line,
];

async fn a_browser_gets_a_page_where_a_request_fails(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    for (path, title, status) in [
        ("/me", "Please sign in", 401),
        ("/sessions", "Please sign in", 401),
        ("/nowhere", "There is no such page", 404),
    ] {
        tab.go_to(path);
        assert_eq!(tab.value("document.title"), title);
        tab.until_it_says(&format!("status {status}"));
        tab.click("a");
        tab.until("document.title === 'certsession portal'");
    }

    // The session of another certificate.
    let bob = portal.browser("bob");
    bob.sign_in("bob", &[]).await;
    tab.set_cookie("__Host-session", &bob.cookie().unwrap());
    tab.go_to("/");
    assert_eq!(
        tab.value("document.title"),
        "This certificate is not admitted"
    );
    for (width, scheme) in [(1280, "light"), (390, "dark")] {
        tab.show_as(width, scheme);
        let picture = tab.screenshot(&format!("{}/refused-{width}-{scheme}", plan.portal()));
        let faults = tab.audit();
        assert!(faults.is_empty(), "{}: {faults:#?}", picture.display());
    }
    assert_eq!(bob.get("/me").await.status, 200);
}

async fn a_program_gets_a_status_and_a_line(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    for accept in [
        "*/*",
        "application/json",
        "text/plain, application/xhtml+xml",
    ] {
        let accept = format!("Accept: {accept}");
        let me = alice.run("/me", &["-H", &accept]);
        assert_eq!((me.status, &*me.body), (401, "no one is signed in\n"));
        assert_eq!(me.header("vary"), alice.get("/me").header("vary"));
        let nowhere = alice.run("/nowhere", &["-H", &accept]);
        assert_eq!((nowhere.status, &*nowhere.body), (404, ""));
    }
    let browser = "Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8";
    let me = alice.run("/me", &["-H", browser]);
    assert_eq!(me.status, 401);
    assert_eq!(me.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(me.header("cache-control"), Some("no-store"));
    assert!(me.body.contains("The server says: no one is signed in."));
    assert!(me.header("content-security-policy").is_some());
    // Not a page that is opened.
    let posted = alice.run("/rotate", &["-X", "POST", "-H", browser]);
    assert!(!posted.body.contains("<html"), "{posted:?}");
}
