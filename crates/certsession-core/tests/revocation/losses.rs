//! A list that cannot be used is a loss if a CA may be left without it: a good list of another place
//! says nothing of its certificates.

use certsession_core::CrlError;

use crate::der::{Ca, DAY, List, NOW, element, extension};
use crate::file::{File, errors};

/// What can be wrong with a list whose place cannot be told, or not be trusted.
fn damaged(list: List, ca: &Ca) -> Vec<(&'static str, Vec<u8>)> {
    let mut forged = list.clone().signed_by(ca);
    *forged.last_mut().unwrap() ^= 1;
    let mut cut = list.clone().signed_by(ca);
    cut.truncate(cut.len() / 2);
    let unknown = list.clone().extension(99, true, element(0x02, [1]));
    vec![
        ("a bit changed", forged),
        ("cut off", cut),
        ("in the future", list.made(3).signed_by(ca)),
        ("an unknown extension", unknown.signed_by(ca)),
    ]
}

fn shard(serials: &[u8], n: u8) -> List {
    List::of(serials).shard(&format!("http://c/{n}"))
}

/// Whether the last list of the file is a loss.
fn is_loss(cas: &[&Ca], lists: &[Vec<u8>]) -> bool {
    let report = File::of(cas).load(lists);
    let last = report.problems().last().unwrap();
    assert_eq!(last.position(), Some(lists.len()), "{report:?}");
    last.is_loss()
}

#[test]
fn p8_a_damaged_shard_is_a_loss_beside_another_shard() {
    let ca = Ca::named("ca");
    for (what, bad) in damaged(shard(&[7], 1), &ca) {
        let good = shard(&[5], 0).signed_by(&ca);
        assert!(is_loss(&[&ca], &[good, bad.clone()]), "{what}");
        let whole = List::of(&[5, 7]).signed_by(&ca);
        assert!(!is_loss(&[&ca], &[whole, bad]), "{what}: all are covered");
    }
}

#[test]
fn p8_a_damaged_list_of_an_old_key_is_a_loss_beside_that_of_the_new_key() {
    let (mut old, new) = (Ca::named("ca"), Ca::named("ca"));
    for (what, bad) in damaged(List::of(&[7]), &old) {
        let good = List::of(&[5]).signed_by(&new);
        assert!(
            is_loss(&[&old, &new], &[good.clone(), bad.clone()]),
            "{what}"
        );
        let again = List::of(&[7]).signed_by(&old);
        let lists = [good.clone(), again, bad.clone()];
        assert!(!is_loss(&[&old, &new], &lists), "{what}: each has one");
        assert!(!is_loss(&[&new], &[good, bad]), "{what}: it was taken out");
    }
    old.not_after = NOW;
    let mut forged = List::of(&[7]).signed_by(&old);
    *forged.last_mut().unwrap() ^= 1;
    let good = List::of(&[5]).signed_by(&new);
    assert!(!is_loss(&[&old, &new], &[good, forged]), "it has expired");
}

#[test]
fn a_list_whose_place_is_known_is_a_loss_of_that_place_alone() {
    let (mut old, new) = (Ca::named("ca"), Ca::named("ca"));
    let good = || shard(&[5], 0).signed_by(&new);
    let cas = &[&old, &new];
    // It could not have covered a client's certificate, or changes a list that is there.
    let for_cas = List::of(&[]).scope(&[element(0x82, [0xff])]);
    assert!(!is_loss(cas, &[good(), for_cas.signed_by(&new)]));
    let delta = List::of(&[]).extension(27, false, element(0x02, [1]));
    assert!(!is_loss(cas, &[good(), delta.signed_by(&new)]));
    // It is overdue: its own successor is there, or it is not.
    let overdue = |n| shard(&[7], n).made(-30).signed_by(&new);
    assert!(!is_loss(cas, &[good(), overdue(0)]));
    assert!(is_loss(cas, &[good(), overdue(1)]));
    // Its key has expired, and with it what it has issued.
    old.not_after = NOW;
    assert!(!is_loss(
        &[&old, &new],
        &[good(), List::of(&[7]).signed_by(&old)]
    ));
}

#[test]
fn a_list_of_a_key_that_may_not_sign_lists_is_a_loss_and_no_damaged_one_is_of_that_key() {
    let (certifies, signs) = (Ca::named("ca"), Ca::named("ca"));
    let key_cert_sign = extension(15, true, element(0x03, [2, 0x04]));
    let mut file = File::of(&[&signs]);
    file.cas.push(certifies.ca_with(vec![key_cert_sign]));
    let good = List::of(&[5]).signed_by(&signs);
    let report = file.load(&[good.clone(), List::of(&[7]).signed_by(&certifies)]);
    assert_eq!(errors(&report), [(CrlError::IssuerMayNotSign, true)]);
    let mut forged = List::of(&[5]).made(-1).signed_by(&signs);
    *forged.last_mut().unwrap() ^= 1;
    let report = file.load_at(NOW + DAY, &[good, forged]);
    assert_eq!(errors(&report), [(CrlError::BadSignature, false)]);
}
