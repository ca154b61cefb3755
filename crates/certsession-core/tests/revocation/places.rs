//! Which list takes the place of which: nothing revoked comes back, and one CA's trouble is no
//! other's.

use certsession_core::RevocationStatus::{Good, Revoked, Unknown};
use certsession_core::{CrlError, CrlVerifier, OnOverdueCrl, RevocationList, Timestamp};

use crate::der::{Ca, DAY, List, NOW, element, extension, name, point};
use crate::file::{File, errors};

#[test]
fn p8_a_newer_list_of_another_scope_lifts_nothing() {
    let reasons = element(0x83, [1, 0x60]);
    let delta = extension(27, false, element(0x02, [1]));
    let others = [
        List::of(&[]).scope(&[element(0x82, [0xff])]),
        List::of(&[]).scope(&[element(0x85, [0xff])]),
        List::of(&[]).scope(&[reasons]),
        List::of(&[]).scope(&[point("http://c/1")]),
        List::of(&[]).shard("http://c/1"),
        List::of(&[]).scope(&[element(0x84, [0xff])]),
        List {
            extensions: vec![delta],
            ..List::of(&[])
        },
    ];
    for (index, other) in others.into_iter().enumerate() {
        let ca = Ca::named("ca");
        let file = File::of(&[&ca]);
        assert_eq!(
            errors(&file.load(&[List::of(&[5]).made(-1).signed_by(&ca)])),
            []
        );
        let report = file.load(&[other.signed_by(&ca)]);
        assert!(!report.problems().is_empty(), "{index}: nothing is said");
        assert_eq!(file.status(&ca, 5), Revoked, "{index}");
        assert_eq!(file.status(&ca, 6), Good, "{index}");
    }
}

#[test]
fn a_list_that_can_cover_no_client_is_reported_at_the_start() {
    let ca = Ca::named("ca");
    for (tag, what) in [(0x82, "CA"), (0x85, "attribute")] {
        let file = File::of(&[&ca]);
        let list = List::of(&[]).scope(&[element(tag, [0xff])]);
        let report = file.load(&[list.signed_by(&ca)]);
        assert_eq!(errors(&report), [(CrlError::NotForClients { what }, true)]);
        assert_eq!(report.in_force(), 0);
    }
    let delta = List::of(&[5]).extension(27, false, element(0x02, [1]));
    let report = File::of(&[&ca]).load(&[delta.signed_by(&ca)]);
    assert_eq!(errors(&report), [(CrlError::Delta, true)]);
    // Beside the list for users they are no loss, and are mentioned all the same.
    let both = [
        List::of(&[5]).signed_by(&ca),
        List::of(&[]).scope(&[element(0x82, [0xff])]).signed_by(&ca),
    ];
    let report = File::of(&[&ca]).load(&both);
    assert_eq!(
        errors(&report),
        [(CrlError::NotForClients { what: "CA" }, false)]
    );
    let problem = &report.problems()[0];
    assert!(
        problem
            .to_string()
            .starts_with("list 2 (CN=ca): it covers CA certificates only")
    );
}

#[test]
fn p8_a_shard_that_is_missing_stays_in_force() {
    let ca = Ca::named("ca");
    let file = File::of(&[&ca]);
    let shard = |serials: &[u8], n: u8, day| {
        let uri = format!("http://c/{n}");
        List::of(serials).made(day).shard(&uri).signed_by(&ca)
    };
    file.load(&[shard(&[5], 1, -2), shard(&[7], 2, -2)]);
    assert_eq!(file.status(&ca, 7), Revoked);
    let report = file.load(&[shard(&[5], 1, -1)]);
    let next_update = Timestamp::from_millis(NOW.as_millis() + 5 * DAY.as_millis() as u64);
    assert_eq!(
        errors(&report),
        [(CrlError::PartMissing { next_update }, false)]
    );
    assert_eq!(file.status(&ca, 7), Revoked);
    assert_eq!(file.status(&ca, 6), Good);
    // When it is overdue, no one can say any more.
    assert_eq!(file.status_at(NOW + DAY * 5 + DAY / 2, &ca, 6), Unknown);
    assert_eq!(file.status_at(NOW + DAY * 5 + DAY / 2, &ca, 7), Revoked);
    // Each shard succeeds itself alone.
    file.load(&[shard(&[], 1, 0), shard(&[8], 2, 0)]);
    assert_eq!(file.status(&ca, 5), Good);
    assert_eq!(file.status(&ca, 7), Good);
    assert_eq!(file.status(&ca, 8), Revoked);
}

#[test]
fn a_list_of_all_certificates_takes_the_place_of_older_parts_and_of_no_newer_one() {
    let ca = Ca::named("ca");
    let file = File::of(&[&ca]);
    let shard = |serials: &[u8], day| {
        let list = List::of(serials).made(day);
        list.shard("http://c/1").signed_by(&ca)
    };
    file.load(&[shard(&[5], 0)]);
    file.load(&[List::of(&[]).made(-1).signed_by(&ca)]);
    assert_eq!(file.status(&ca, 5), Revoked, "it was made before the shard");
    let report = file.load(&[List::of(&[6]).made(1).signed_by(&ca)]);
    assert_eq!(errors(&report), []);
    assert_eq!(file.status(&ca, 5), Good);
    assert_eq!(file.status(&ca, 6), Revoked);
}

#[test]
fn p8_a_list_by_a_new_key_lifts_nothing_that_the_old_key_says() {
    let (old, new) = (Ca::named("ca"), Ca::named("ca"));
    let file = File::of(&[&old, &new]);
    file.load(&[List::of(&[5]).made(-1).signed_by(&old)]);
    let report = file.load(&[List::of(&[6]).signed_by(&new)]);
    assert!(matches!(
        errors(&report)[..],
        [(CrlError::IssuerMissing { .. }, true)]
    ));
    assert_eq!(file.status(&old, 5), Revoked);
    assert_eq!(file.status(&new, 6), Revoked);
    assert_eq!(file.status(&new, 7), Good);
}

#[test]
fn an_old_key_that_is_gone_keeps_no_one_out() {
    let (mut old, new) = (Ca::named("ca"), Ca::named("ca"));
    old.not_after = NOW + DAY * 3;
    let mut file = File::of(&[&old, &new]);
    file.load(&[
        List::of(&[5]).made(-1).signed_by(&old),
        List::of(&[]).signed_by(&new),
    ]);
    // Its own end is enough; nothing has to be loaded for it.
    let later = NOW + DAY * 6 + DAY / 2;
    assert_eq!(file.status_at(later, &new, 6), Good);
    assert_eq!(
        file.status_at(later, &new, 5),
        Revoked,
        "it stays on the list"
    );
    // And so is that it was taken out of the configuration.
    old.not_after = NOW + DAY * 300;
    file.cas = vec![old.ca(), new.ca()];
    file.load(&[List::of(&[]).signed_by(&new)]);
    assert_eq!(file.status_at(later, &new, 6), Unknown);
    file.cas = vec![new.ca()];
    let report = file.load(&[List::of(&[]).signed_by(&new)]);
    assert_eq!(errors(&report), []);
    assert_eq!(file.status_at(later, &new, 6), Good);
    assert_eq!(file.status_at(later, &new, 5), Revoked);
}

#[test]
fn without_any_configured_key_an_overdue_list_vouches_for_no_certificate() {
    let ca = Ca::named("ca");
    let mut file = File::of(&[&ca]);
    file.load(&[List::of(&[5]).signed_by(&ca)]);
    // Its certificates may still verify, under a root that is configured.
    file.cas = Vec::new();
    file.load(&[]);
    assert_eq!(file.status(&ca, 6), Good);
    let later = NOW + DAY * 8;
    assert_eq!(file.status_at(later, &ca, 5), Revoked);
    assert_eq!(file.status_at(later, &ca, 6), Unknown);
}

#[test]
fn one_cas_trouble_keeps_no_other_list_back() {
    let (mut one, other) = (Ca::named("one"), Ca::named("other"));
    one.not_after = NOW + DAY / 2;
    let both = |serials: &[u8], day| {
        [
            List::of(&[9]).made(-1).signed_by(&one),
            List::of(serials).made(day).signed_by(&other),
        ]
    };
    // It has expired: at the start, at a reload, with its list and without it.
    let file = File::of(&[&one, &other]);
    let expired = CrlError::IssuerExpired {
        not_after: one.not_after,
    };
    assert_eq!(errors(&file.load(&both(&[5], -1))), [(expired, false)]);
    file.load(&both(&[5, 6], 0));
    assert_eq!(file.status(&other, 6), Revoked);
    assert_eq!(errors(&file.load(&both(&[5, 6, 7], 0)[1..])), []);
    assert_eq!(file.status(&other, 7), Revoked);
    // It was taken out on purpose.
    let mut file = File::of(&[&one, &other]);
    file.load_at(NOW, &both(&[5], -1));
    assert_eq!(file.status_at(NOW, &one, 9), Revoked);
    file.cas = vec![other.ca()];
    let report = file.load(&both(&[5, 6], 0));
    assert_eq!(errors(&report), [(CrlError::UnknownIssuer, false)]);
    assert_eq!(file.status(&other, 6), Revoked);
    assert_eq!(
        report.next_update(),
        Some(NOW + DAY * 7),
        "only the other's counts"
    );
    let report = file.load(&both(&[5, 6, 7], 0)[1..]);
    assert_eq!(errors(&report), []);
    assert_eq!(file.status(&other, 7), Revoked);
}

#[test]
fn the_loss_of_a_living_cas_list_is_an_error_and_keeps_that_one() {
    let (one, other) = (Ca::named("one"), Ca::named("other"));
    let file = File::of(&[&one, &other]);
    file.load(&[
        List::of(&[5]).made(-1).signed_by(&one),
        List::of(&[]).made(-1).signed_by(&other),
    ]);
    let mut forged = List::of(&[]).signed_by(&one);
    *forged.last_mut().unwrap() ^= 1;
    for (lists, error) in [
        (vec![], None),
        (vec![forged], Some(CrlError::BadSignature)),
        (
            vec![List::of(&[]).made(-2).signed_by(&one)],
            Some(CrlError::Older),
        ),
        (vec![List::of(&[]).made(-8).signed_by(&one)], None),
        (
            vec![List::of(&[]).made(3).signed_by(&one)],
            Some(CrlError::NotYetValid {
                this_update: NOW + DAY * 3,
            }),
        ),
    ] {
        let lists = [lists, vec![List::of(&[6]).signed_by(&other)]].concat();
        let report = file.load(&lists);
        assert!(report.problems().iter().any(|problem| problem.is_loss()));
        if let Some(error) = error {
            assert!(errors(&report).contains(&(error, true)), "{report:?}");
        }
        assert_eq!(file.status(&one, 5), Revoked);
        assert_eq!(file.status(&other, 6), Revoked, "the other's is in force");
    }
}

#[test]
fn an_overdue_list_at_the_start_keeps_its_own_issuers_clients_out_and_no_others() {
    let (one, other) = (Ca::named("one"), Ca::named("other"));
    let file = File::of(&[&one, &other]);
    let overdue = List::of(&[5]).made(-30);
    let report = file.load(&[overdue.signed_by(&one), List::of(&[6]).signed_by(&other)]);
    let next_update = overdue.next_update;
    assert_eq!(errors(&report), [(CrlError::Expired { next_update }, true)]);
    assert_eq!(file.status(&one, 5), Revoked);
    assert_eq!(file.status(&one, 7), Unknown);
    assert_eq!(file.status(&other, 6), Revoked);
    assert_eq!(file.status(&other, 7), Good);
    // It is replaced as soon as there is a new one, and never replaces one that is not overdue.
    file.load(&[
        List::of(&[]).signed_by(&one),
        List::of(&[6]).signed_by(&other),
    ]);
    assert_eq!(file.status(&one, 7), Good);
    file.load(&[overdue.signed_by(&one), List::of(&[6]).signed_by(&other)]);
    assert_eq!(file.status(&one, 7), Good);
}

#[test]
fn a_list_that_cannot_be_read_may_be_that_of_a_ca_that_is_left_without() {
    let (one, other) = (Ca::named("one"), Ca::named("other"));
    let unreadable = || b"no list".to_vec();
    let file = File::of(&[&one, &other]);
    let report = file.load(&[List::of(&[]).signed_by(&one), unreadable()]);
    assert!(report.problems()[0].is_loss());
    assert_eq!(
        (
            report.problems()[0].position(),
            report.problems()[0].issuer()
        ),
        (Some(2), None)
    );
    let report = file.load(&[
        List::of(&[]).signed_by(&one),
        List::of(&[]).signed_by(&other),
        unreadable(),
    ]);
    assert!(!report.problems()[0].is_loss(), "each has one");
}

#[test]
fn with_the_policy_to_warn_overdue_lists_go_on_and_keep_what_they_say() {
    let ca = Ca::named("ca");
    let file = File {
        list: RevocationList::on_overdue_crl(OnOverdueCrl::Warn),
        ..File::of(&[&ca])
    };
    assert_eq!(
        errors(&file.load(&[List::of(&[5]).made(-30).signed_by(&ca)])),
        []
    );
    assert_eq!(file.status(&ca, 5), Revoked);
    assert_eq!(file.status(&ca, 6), Good);
}

#[test]
fn an_issuer_is_found_however_its_name_is_spelt() {
    let ca = Ca::named("Example CA");
    let printable = Some(name(0x13, "EXAMPLE  CA"));
    let file = File::of(&[&ca]);
    let list = List {
        issuer: printable,
        ..List::of(&[5])
    };
    assert_eq!(errors(&file.load(&[list.signed_by(&ca)])), []);
    assert_eq!(file.status(&ca, 5), Revoked);
    // With OpenSSL, a certificate may spell it in yet another way.
    let spelt = Ca {
        name: name(0x16, "example ca"),
        ..ca
    };
    assert_eq!(file.status(&spelt, 5), Revoked);
    assert_eq!(file.status(&spelt, 6), Good);
}

#[test]
fn of_several_cas_of_one_name_the_one_that_signed_gives_the_verdict() {
    let (signer, other) = (Ca::named("ca"), Ca::named("ca"));
    for cas in [[&signer, &other], [&other, &signer]] {
        let file = File::of(&cas);
        assert_eq!(errors(&file.load(&[List::of(&[5]).signed_by(&signer)])), []);
    }
    let mut expired = Ca::named("ca");
    expired.not_after = NOW;
    let not_after = expired.not_after;
    for cas in [[&expired, &other], [&other, &expired]] {
        let report = File::of(&cas).load(&[List::of(&[5]).signed_by(&expired)]);
        assert_eq!(errors(&report)[0].0, CrlError::IssuerExpired { not_after });
    }
}

#[test]
fn critical_extensions_that_are_understood_are_accepted_and_others_named() {
    let ca = Ca::named("ca");
    let integer = || element(0x02, [1]);
    let load = |list: List| errors(&File::of(&[&ca]).load(&[list.signed_by(&ca)]));
    for id in [18, 20, 35, 46] {
        assert_eq!(
            load(List::of(&[5]).extension(id, true, integer())),
            [],
            "{id}"
        );
    }
    for id in [21, 23, 24] {
        let entry_extensions = vec![extension(id, true, element(0x0a, [1]))];
        assert_eq!(
            load(List {
                entry_extensions,
                ..List::of(&[5])
            }),
            [],
            "{id}"
        );
    }
    let unknown = |id: &str| {
        let id = id.into();
        [(CrlError::UnsupportedExtension { id }, true)]
    };
    let list = List::of(&[5]).extension(99, true, integer());
    assert_eq!(load(list), unknown("2.5.29.99"));
    let entry_extensions = vec![extension(98, true, integer())];
    assert_eq!(
        load(List {
            entry_extensions,
            ..List::of(&[5])
        }),
        unknown("2.5.29.98")
    );
    let entry_extensions = vec![extension(29, true, integer())];
    let indirect = load(List {
        entry_extensions,
        ..List::of(&[5])
    });
    assert_eq!(indirect, [(CrlError::Indirect, true)]);
    let list = List::of(&[5]).extension(99, false, integer());
    assert_eq!(load(list), []);
}

#[test]
fn of_two_lists_of_the_same_second_the_one_with_the_higher_number_is_newer() {
    let ca = Ca::named("ca");
    let file = File::of(&[&ca]);
    let numbered = |serials: &[u8], number: &[u8]| {
        let list = List::of(serials);
        list.extension(20, false, element(0x02, number))
            .signed_by(&ca)
    };
    file.load(&[numbered(&[5], &[0x7f])]);
    file.load(&[numbered(&[6], &[0x00, 0x80])]);
    assert_eq!(file.status(&ca, 5), Good);
    let report = file.load(&[numbered(&[5], &[0x7f])]);
    assert_eq!(errors(&report), [(CrlError::Older, true)]);
    assert_eq!(file.status(&ca, 6), Revoked);
}

#[test]
fn dates_in_messages_are_dates() {
    let ca = Ca::named("ca");
    let report = File::of(&[&ca]).load(&[List::of(&[]).made(-30).signed_by(&ca)]);
    let problem = report.problems()[0].to_string();
    assert_eq!(
        problem,
        "list 1 (CN=ca): it has expired (2029-12-09T00:00:00.000Z was its nextUpdate): fetch a new one"
    );
}

#[test]
fn the_size_of_a_list_is_a_setting() {
    let ca = Ca::named("ca");
    let cas = [ca.ca()];
    let der = List::of(&[5]).signed_by(&ca);
    let verify = |max_size| {
        let verifier = CrlVerifier::new(&cas).max_size(max_size);
        verifier.verify(&der, OnOverdueCrl::Refuse, NOW)
    };
    assert!(verify(der.len()).is_ok());
    let size = der.len();
    assert_eq!(verify(size - 1).unwrap_err(), CrlError::TooLarge { size });
}
