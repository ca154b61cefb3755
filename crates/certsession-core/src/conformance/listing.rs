//! Clauses about `sessions`.

use super::Harness;
use super::trial::{MINUTE, SECOND, Trial, handles, principal};
use crate::record::SessionSummary;
use crate::store::{Cursor, Page, SessionStore};
use crate::test_util::SampleCommit;

/// An owner's sessions are listed oldest first; a sign-in counts as a beginning.
pub fn sessions_are_listed_oldest_first<H: Harness>() {
    let trial = Trial::<H>::new();
    // The expected order is neither that of handles nor that of creation.
    let began = |n: u32, seconds: u32| {
        let sample = trial.sample(n).created_at(trial.now + seconds * SECOND);
        trial.keep(sample.principal("alice"))
    };
    let (third, first, fourth, second) = (began(2, 30), began(4, 10), began(1, 40), began(3, 20));
    assert_eq!(
        trial.list(&principal("alice")),
        [first.handle, second.handle, third.handle, fourth.handle]
    );
    let again = SampleCommit::on(&first).sign_in("alice");
    trial.apply(again.at(trial.now + MINUTE));
    assert_eq!(
        trial.list(&principal("alice")),
        [second.handle, third.handle, fourth.handle, first.handle]
    );
}

/// Sessions are listed with their current state.
pub fn sessions_are_listed_as_they_are_now<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice").insert("a", "1"));
    let record = trial.apply(SampleCommit::on(&record).insert("a", "2").rotate());
    let listed = trial.pages(&principal("alice"), Page::default(), trial.now);
    assert_eq!(listed, [[SessionSummary::from(&*record)]]);
}

/// A summary is that of its record, however much data the session holds and however long its names
/// are.
pub fn a_summary_is_that_of_its_record<H: Harness>() {
    let trial = Trial::<H>::new();
    let name = "n".repeat(200);
    let large = "9".repeat(trial.harness.largest_data().min(100_000));
    let records = [
        trial.keep(trial.sample(1).principal(&name).insert("a", &large)),
        trial.keep(trial.sample(2).principal(&name)),
    ];
    let mut listed = trial.pages(&principal(&name), Page::default(), trial.now);
    listed[0].sort_by_key(SessionSummary::handle);
    let expected = records.map(|record| SessionSummary::from(&*record));
    assert_eq!(listed, [expected]);
}

/// A list is read page by page: no page is larger than was asked for, each is sorted, and each
/// session is on exactly one of them, also if others end and begin in between.
pub fn each_session_is_on_one_page<H: Harness>() {
    let trial = Trial::<H>::new();
    let alice = principal("alice");
    // Some began in the same millisecond.
    let began = |n: u32| trial.now + (n / 4) * SECOND;
    let keep = |n| trial.keep(trial.sample(n).created_at(began(n)).principal("alice"));
    let all: Vec<_> = (0..23).map(|n| keep(n).handle).collect();
    for limit in [1, 2, 7, 22, 23, 24] {
        let pages = trial.pages(&alice, Page::at_most(limit), trial.now);
        assert!(pages.iter().all(|page| page.len() <= limit), "{limit}");
        for page in &pages {
            assert!(page.is_sorted_by_key(|it| (it.created_at(), it.handle())));
        }
        let mut listed = handles(&pages.concat());
        listed.sort_unstable();
        assert_eq!(listed, all, "in pages of {limit}");
    }

    let first = trial.run(trial.store.sessions(&alice, &Page::at_most(5), trial.now));
    let next = first.next().unwrap_or_else(|| panic!("23 sessions are on a page of 5"));
    let of_first = handles(first.sessions());
    trial.remove(of_first[2]);
    let late = keep(40).handle;
    let rest = trial.pages(&alice, Page::at_most(5).after(next), trial.now).concat();
    let mut listed = [of_first, handles(&rest)].concat();
    listed.sort_unstable();
    listed.retain(|handle| *handle != late);
    assert_eq!(listed, all);
}

/// A cursor that the store did not make is no error, and shows no other owner's sessions.
pub fn a_made_up_cursor_shows_nothing_of_others<H: Harness>() {
    let trial = Trial::<H>::new();
    let alices = trial.keep(trial.sample(1).principal("alice"));
    trial.keep(trial.sample(2).principal("bob"));
    for length in 0..=Cursor::LONGEST {
        for byte in [0, 0x7f, 0xff] {
            let made_up = Cursor::new(&vec![byte; length]);
            let made_up = made_up.unwrap_or_else(|| panic!("it is short enough"));
            let page = Page::default().after(made_up);
            let listed = trial.run(trial.store.sessions(&principal("alice"), &page, trial.now));
            let listed = handles(listed.sessions());
            assert!(listed.is_empty() || listed == [alices.handle], "{made_up}");
        }
    }
}

/// Expired and ended sessions are not listed.
pub fn only_live_sessions_are_listed<H: Harness>() {
    let trial = Trial::<H>::new();
    let alice = principal("alice");
    let soon = trial.now + MINUTE;
    let expiring = trial.keep(trial.sample(1).principal("alice").expires_at(soon));
    let idling = trial.keep(trial.sample(2).principal("alice").idle_deadline(soon));
    let active = trial.keep(trial.sample(3).principal("alice"));
    let ended = trial.keep(trial.sample(4).principal("alice"));
    trial.remove(ended.handle);

    let at = |now| handles(&trial.pages(&alice, Page::default(), now).concat());
    let mut before = at(trial.now);
    before.sort_unstable();
    assert_eq!(before, [expiring.handle, idling.handle, active.handle]);
    assert_eq!(at(soon), [active.handle]);
}

/// An unknown owner has no sessions.
pub fn an_unknown_owner_has_no_sessions<H: Harness>() {
    let trial = Trial::<H>::new();
    trial.keep(trial.sample(1).principal("alice"));
    assert_eq!(trial.list(&principal("bob")), []);
    assert_eq!(trial.revoke(&principal("bob")), []);
}

/// An owner may have many sessions: all are listed, and all are revoked.
pub fn an_owner_may_have_hundreds_of_sessions<H: Harness>() {
    let trial = Trial::<H>::new();
    let mut all: Vec<_> = (1..=300)
        .map(|n| trial.keep(trial.sample(n).principal("alice")).handle)
        .collect();
    all.sort_unstable();
    let mut listed = trial.list(&principal("alice"));
    listed.sort_unstable();
    assert_eq!(listed, all);
    assert_eq!(trial.revoke(&principal("alice")), all);
    assert_eq!(trial.list(&principal("alice")), []);
    assert!(all.iter().all(|handle| trial.load(*handle).is_none()));
}

/// Everyone's sessions are listed page by page, those without a principal or a certificate too: each
/// is on a page, if others end in between as well; expired and ended ones are on none.
pub fn the_sessions_of_everyone_are_on_the_pages<H: Harness>() {
    let trial = Trial::<H>::new();
    let everyone = |first: Page, now| {
        let (mut listed, mut page) = (Vec::new(), first);
        for _ in 0..10_000 {
            let found = trial.run(trial.store.all_sessions(&page, now));
            assert!(found.unreadable().is_empty());
            listed.extend_from_slice(found.sessions());
            match found.next() {
                Some(cursor) => page = page.after(cursor),
                None => {
                    listed.sort_by_key(SessionSummary::handle);
                    listed.dedup();
                    return listed;
                }
            }
        }
        panic!("the list has no end");
    };
    assert_eq!(everyone(Page::default(), trial.now), []);
    let mut all: Vec<_> = (0..40)
        .map(|n| {
            let sample = trial.sample(n);
            let record = trial.keep(match n % 3 {
                0 => sample.principal("alice"),
                1 => sample,
                _ => sample.unbound().insert("a", "1"),
            });
            SessionSummary::from(&*record)
        })
        .collect();
    let ended = trial.keep(trial.sample(50).principal("bob"));
    trial.remove(ended.handle);
    let soon = trial.now + MINUTE;
    let idling = trial.keep(trial.sample(51).idle_deadline(soon));
    all.sort_by_key(SessionSummary::handle);
    for limit in [1, 7, 40, 1_000] {
        assert_eq!(everyone(Page::at_most(limit), soon), all, "in pages of {limit}");
    }
    let now = handles(&everyone(Page::default(), trial.now));
    assert!(now.contains(&idling.handle));

    // A page may be empty and not the last.
    let mut first = trial.run(trial.store.all_sessions(&Page::at_most(5), soon));
    while first.sessions().is_empty()
        && let Some(cursor) = first.next()
    {
        first = trial.run(
            trial
                .store
                .all_sessions(&Page::at_most(5).after(cursor), soon),
        );
    }
    let gone = handles(first.sessions())[0];
    trial.remove(gone);
    let mut listed = handles(first.sessions());
    if let Some(cursor) = first.next() {
        listed.extend(handles(&everyone(Page::at_most(5).after(cursor), soon)));
    }
    listed.sort_unstable();
    listed.dedup();
    assert_eq!(listed, handles(&all));
}

/// A cursor that the store did not make is no error.
pub fn a_made_up_cursor_of_everyones_sessions_is_no_error<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    for length in 0..=Cursor::LONGEST {
        for byte in [0, 0x7f, 0xff] {
            let made_up = Cursor::new(&vec![byte; length]);
            let made_up = made_up.unwrap_or_else(|| panic!("it is short enough"));
            let page = Page::default().after(made_up);
            let listed = trial.run(trial.store.all_sessions(&page, trial.now));
            let listed = handles(listed.sessions());
            assert!(listed.is_empty() || listed == [record.handle], "{made_up}");
        }
    }
}
