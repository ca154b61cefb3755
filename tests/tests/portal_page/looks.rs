//! What the page looks like.

use certsession_tests::programs::Portal;
use certsession_tests::{Plan, Tab};

use super::{another_device, long_named, open, over_both_portals, sign_in};

over_both_portals![
    nothing_is_hard_to_read_or_to_reach,
    the_page_runs_and_loads_nothing_but_its_own,
];

/// Two sizes, and two schemes.
const SHOWN_AS: [(u32, &str); 4] = [
    (1280, "light"),
    (1280, "dark"),
    (390, "light"),
    (390, "dark"),
];

async fn nothing_is_hard_to_read_or_to_reach(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, &long_named(&portal));
    let look = |tab: &mut Tab, name: &str| look(tab, &format!("{}/{name}", plan.portal()));
    look(&mut tab, "signed-out");

    // No name has a place to break.
    let name = "w".repeat(256);
    sign_in(&mut tab, &name, &"m".repeat(64));
    let _phone = another_device(&portal, &name, "Phone").await;
    let _tablet = another_device(&portal, &name, "").await;
    tab.until("document.querySelectorAll('#sessions li').length === 3");
    look(&mut tab, "signed-in");

    tab.click("#rotate");
    tab.until_it_says("The token was rotated");
    look(&mut tab, "rotated");

    tab.click("#end-all");
    tab.until("document.querySelector('dialog').open");
    look(&mut tab, "confirmation");
    tab.click("#confirm-no");

    tab.go_to("/nowhere");
    look(&mut tab, "not-found");
}

fn look(tab: &mut Tab, name: &str) {
    for (width, scheme) in SHOWN_AS {
        tab.show_as(width, scheme);
        let faults = tab.audit();
        let picture = tab.screenshot(&format!("{name}-{width}-{scheme}"));
        assert!(faults.is_empty(), "{}: {faults:#?}", picture.display());
    }
}

async fn the_page_runs_and_loads_nothing_but_its_own(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    let page = alice.get("/");
    let policy = page.header("content-security-policy").unwrap();
    assert!(!policy.contains("unsafe"), "{policy}");

    let mut tab = open(&portal, portal.pki.alice());
    sign_in(&mut tab, "alice", "Desk");
    tab.click("#rotate");
    tab.until_it_says("The token was rotated");
    assert_eq!(tab.take_errors(), [""; 0]);

    // What an attacker would have the page run or show is not.
    tab.value(
        "const script = document.createElement('script');
         script.textContent = 'document.title = \"run\"';
         document.body.append(script);
         document.querySelector('h1').setAttribute('style', 'display: none');",
    );
    assert_eq!(tab.value("document.title"), "certsession portal");
    assert_eq!(
        tab.value("getComputedStyle(document.querySelector('h1')).display"),
        "block"
    );
    let refused = tab.take_errors();
    assert_eq!(refused.len(), 2, "{refused:?}");
}
