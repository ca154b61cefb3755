//! The keyboard alone.

use certsession_tests::programs::Portal;
use certsession_tests::{Plan, Tab};

use super::{another_device, open, over_both_portals};

over_both_portals![the_keyboard_is_enough];

/// The id of what has the focus, which has to be visible.
fn focused(tab: &mut Tab) -> String {
    let focus = tab.value(
        "(() => {
            const element = document.activeElement;
            const style = getComputedStyle(element);
            const box = element.getBoundingClientRect();
            return {
                id: element.id,
                outline: parseFloat(style.outlineWidth),
                kind: style.outlineStyle,
                isInside: box.top >= 0 && box.bottom <= innerHeight,
            };
        })()",
    );
    let id = focus["id"].as_str().unwrap().to_owned();
    let is_marked = focus["outline"].as_f64() >= Some(2.0) && focus["kind"] != "none";
    assert!(
        is_marked,
        "{id} does not show that it has the focus: {focus}"
    );
    assert_eq!(focus["isInside"], true, "{id} is not in the window");
    id
}

/// Presses Tab, and returns what has the focus then.
fn next(tab: &mut Tab) -> String {
    tab.press("Tab");
    focused(tab)
}

async fn the_keyboard_is_enough(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let mut tab = open(&portal, portal.pki.alice());
    tab.show_as(390, "light");
    assert_eq!(next(&mut tab), "principal");
    tab.write("alice");
    assert_eq!(next(&mut tab), "label");
    tab.write("Desk");
    assert_eq!(next(&mut tab), "sign-in-button");
    tab.press("Enter");
    tab.until_it_says("You have signed in.");

    let phone = another_device(&portal, "alice", "Phone").await;
    tab.until_it_says("Phone");
    // From the heading of what has changed, in the order of the page.
    for id in ["rotate", "sign-out", "end-all"] {
        assert_eq!(next(&mut tab), id);
    }
    tab.press("Enter");
    tab.until("document.querySelector('dialog').open");
    assert_eq!(focused(&mut tab), "confirm-no");
    assert_eq!(next(&mut tab), "confirm-yes");
    tab.press("Escape");
    tab.until("!document.querySelector('dialog').open");
    assert_eq!(focused(&mut tab), "end-all", "back to where it came from");
    assert_eq!(phone.get("/me").await.status, 200);

    let own = next(&mut tab);
    assert!(own.starts_with("end-"), "{own}");
    let other = next(&mut tab);
    assert!(other.starts_with("end-") && other != own, "{other}");
    tab.press("Enter");
    tab.until_it_says("The session has ended.");
    assert_eq!(phone.get("/me").await.status, 401);
    assert_eq!(tab.take_errors(), [""; 0]);
}
