//! What happens elsewhere shows at once, and what the user does is answered.

use std::time::Duration;

use certsession_tests::Plan;
use certsession_tests::programs::Portal;

use super::{another_device, open, over_both_portals, sign_in};

over_both_portals![
    a_session_that_begins_or_ends_elsewhere_shows_at_once,
    the_end_of_the_pages_own_session_shows_at_once,
    a_server_that_is_gone_shows_and_so_does_its_return,
    ending_all_sessions_asks_first,
    one_session_is_ended_from_the_list,
];

/// The server compares twice a second; a busy machine takes its time.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn a_session_that_begins_or_ends_elsewhere_shows_at_once(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    sign_in(&mut tab, "alice", "Desk");
    assert_eq!(
        tab.value("document.querySelector('#sessions .this h3').innerText"),
        "Desk"
    );

    let phone = another_device(&portal, "alice", "Alice's phone").await;
    assert!(tab.until_it_says("Alice's phone") < AT_ONCE);
    phone.post("/sign-out").await;
    let took = tab.until("!document.body.innerText.includes(\"Alice's phone\")");
    assert!(took < AT_ONCE, "{took:?}");
    assert_eq!(tab.take_errors(), [""; 0]);
}

async fn the_end_of_the_pages_own_session_shows_at_once(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    sign_in(&mut tab, "alice", "Desk");
    let phone = another_device(&portal, "alice", "Phone").await;
    phone.delete("/sessions").await;
    assert!(tab.until_it_says("Your session has ended") < AT_ONCE);
    tab.until_it_says("Not signed in");
    assert_eq!(tab.take_errors(), [""; 0]);
    // The page goes on.
    sign_in(&mut tab, "alice", "Desk again");
}

async fn a_server_that_is_gone_shows_and_so_does_its_return(plan: Plan) {
    let mut portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    sign_in(&mut tab, "alice", "Desk");
    portal.kill();
    tab.until_it_says("The server cannot be reached");
    tab.screenshot(&format!("{}/gone", plan.portal()));
    portal.come_back(plan, &[]);
    tab.until("document.getElementById('gone').textContent === ''");
    // The memory of the first one is gone.
    tab.until_it_says("Your session has ended");

    // Without a session the page notices it when it is used.
    portal.kill();
    tab.click("#principal");
    tab.write("alice");
    tab.click("#sign-in-button");
    tab.until_it_says("The server cannot be reached");
    assert_eq!(
        tab.value("document.getElementById('principal').value"),
        "alice"
    );
    portal.come_back(plan, &[]);
    tab.until("document.getElementById('gone').textContent === ''");
    tab.click("#sign-in-button");
    tab.until_it_says("You have signed in.");
}

async fn ending_all_sessions_asks_first(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    sign_in(&mut tab, "alice", "Desk");
    let phone = another_device(&portal, "alice", "Phone").await;
    tab.click("#end-all");
    tab.until_it_says("on every device");
    tab.click("#confirm-no");
    tab.until("!document.querySelector('dialog').open");
    assert_eq!(phone.get("/me").await.status, 200);

    tab.click("#end-all");
    tab.until("document.querySelector('dialog').open");
    tab.click("#confirm-yes");
    tab.until_it_says("All your sessions have ended.");
    tab.until_it_says("Not signed in");
    assert_eq!(phone.get("/me").await.status, 401);
}

async fn one_session_is_ended_from_the_list(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    tab.show_as(390, "light");
    sign_in(&mut tab, "alice", "Desk");
    let phone = another_device(&portal, "alice", "Phone").await;
    tab.until_it_says("Phone");
    tab.click("#sessions li:not(.this) button");
    tab.until_it_says("The session has ended.");
    tab.until("document.querySelectorAll('#sessions li').length === 1");
    assert_eq!(phone.get("/me").await.status, 401);
    assert_eq!(tab.take_errors(), [""; 0]);
}
