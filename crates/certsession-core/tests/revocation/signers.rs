//! Lists whose signer signs no more: it has expired, or is not configured any more.

use certsession_core::RevocationStatus::{Good, Revoked, Unknown};

use crate::der::{Ca, DAY, List, NOW, element, extension};
use crate::file::{File, errors};

#[test]
fn p8_the_overdue_list_of_a_signer_that_has_expired_vouches_for_no_certificate() {
    // A CA that leaves its lists to a key of their own.
    let (ca, mut signer, next) = (Ca::named("ca"), Ca::named("ca"), Ca::named("ca"));
    signer.not_after = NOW + DAY * 3;
    let key_cert_sign = extension(15, true, element(0x03, [2, 0x04]));
    let mut file = File::of(&[&signer]);
    file.cas.push(ca.ca_with(vec![key_cert_sign]));
    assert_eq!(errors(&file.load(&[List::of(&[5]).signed_by(&signer)])), []);
    let due = NOW + DAY * 7;
    assert_eq!(file.status_at(due, &ca, 6), Good);
    let later = due + DAY;
    assert_eq!(file.status_at(later, &ca, 5), Revoked);
    assert_eq!(file.status_at(later, &ca, 6), Unknown);
    assert!(file.list.lists()[0].is_overdue(later));
    // Its successor is another key.
    file.cas.push(next.ca());
    let list = List::of(&[]).made(8).signed_by(&next);
    assert_eq!(errors(&file.load_at(later, &[list])), []);
    assert_eq!(file.status_at(later, &ca, 6), Good);
    assert_eq!(
        file.status_at(later, &ca, 5),
        Revoked,
        "it stays on the list"
    );
}

#[test]
fn the_list_of_a_key_that_was_replaced_is_none_that_is_overdue() {
    let (mut old, new) = (Ca::named("ca"), Ca::named("ca"));
    old.not_after = NOW + DAY * 3;
    let file = File::of(&[&old, &new]);
    file.load(&[
        List::of(&[5]).made(-1).signed_by(&old),
        List::of(&[]).signed_by(&new),
    ]);
    let overdue = |now| {
        let lists = file.list.lists();
        lists
            .iter()
            .map(|list| list.is_overdue(now))
            .collect::<Vec<_>>()
    };
    assert_eq!(overdue(NOW + DAY * 6 + DAY / 2), [false, false]);
    assert_eq!(overdue(NOW + DAY * 8), [false, true]);
}
