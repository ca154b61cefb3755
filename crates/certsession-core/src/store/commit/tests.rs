//! Invariants that hold for a record after any commits in any order.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::test_util::{SampleBinding, SampleCommit, SampleRecord};
use std::sync::Arc;

const MINUTE: Duration = Duration::from_secs(60);

/// Room for three of the four keys.
const MAX_DATA_SIZE: usize = 3 * 7;

/// One request: when it commits, with which token, and what it changes.
#[derive(Clone, Debug)]
struct Request {
    after: u32,
    token: Token,
    is_of_older_epoch: bool,
    wants: Wants,
    idle: u32,
    edits: Vec<(String, Option<u8>)>,
    drops_the_rest: bool,
}

#[derive(Clone, Debug)]
enum Token {
    Current,
    Previous,
    Unknown,
}

#[derive(Clone, Debug)]
enum Wants {
    Write,
    Renew(u32),
    Rotate,
    SignIn(u32),
    Rebind(u32),
}

fn request() -> impl Strategy<Value = Request> {
    let token = prop_oneof![
        4 => Just(Token::Current),
        2 => Just(Token::Previous),
        1 => Just(Token::Unknown),
    ];
    let wants = prop_oneof![
        Just(Wants::Write),
        (0_u32..60).prop_map(Wants::Renew),
        Just(Wants::Rotate),
        (1_u32..900).prop_map(Wants::SignIn),
        (0_u32..20).prop_map(Wants::Rebind),
    ];
    let edits = prop::collection::vec(("[a-d]", prop::option::of(any::<u8>())), 0..4);
    (
        (0_u32..20, token, prop::bool::weighted(0.1), wants),
        (0_u32..60, edits, prop::bool::weighted(0.2)),
    )
        .prop_map(|(first, second)| Request {
            after: first.0,
            token: first.1,
            is_of_older_epoch: first.2,
            wants: first.3,
            idle: second.0,
            edits: second.1,
            drops_the_rest: second.2,
        })
}

impl Request {
    fn commit(&self, record: &Record, now: Timestamp) -> Commit {
        let mut commit = SampleCommit::on(record)
            .at(now)
            .max_data_size(MAX_DATA_SIZE);
        commit = commit.idle_deadline(now + self.idle * MINUTE);
        if self.drops_the_rest {
            commit = commit.retain(&[]);
        }
        for (key, value) in &self.edits {
            commit = match value {
                Some(value) => commit.insert(key, &value.to_string()),
                None => commit.remove(key),
            };
        }
        commit = match self.wants {
            Wants::Write => commit,
            Wants::Renew(grace) => commit.renew(now + grace * MINUTE),
            Wants::Rotate => commit.rotate(),
            Wants::SignIn(minutes) => commit
                .sign_in("alice")
                .absolute_deadline(now + minutes * MINUTE),
            Wants::Rebind(minutes) => commit
                .rebind(
                    &SampleBinding::new(minutes)
                        .newer_by(minutes * MINUTE)
                        .build(),
                )
                .absolute_deadline(now + (100 * minutes) * MINUTE)
                .renew(now + MINUTE),
        };
        let mut commit = commit.build();
        commit.token_hash = match (&self.token, &record.previous) {
            (Token::Current, _) => record.token_hash,
            (Token::Previous, Some(previous)) => previous.token_hash,
            (Token::Previous, None) | (Token::Unknown, _) => TokenHash::from_bytes([0; 32]),
        };
        if self.is_of_older_epoch {
            let loaded = Arc::make_mut(&mut commit.loaded);
            loaded.epoch = loaded.epoch.wrapping_sub(1);
        }
        commit
    }

    /// The data as it has to be afterwards.
    fn edit(&self, mut data: BTreeMap<String, String>) -> BTreeMap<String, String> {
        if self.drops_the_rest {
            data.clear();
        }
        for (key, value) in &self.edits {
            match value {
                Some(value) => data.insert(key.clone(), value.to_string()),
                None => data.remove(key),
            };
        }
        data
    }
}

proptest! {
    #[test]
    fn a_record_keeps_its_invariants(requests in prop::collection::vec(request(), 0..30)) {
        let mut record = SampleRecord::new(1).build();
        let mut now = record.created_at;
        for request in requests {
            now = now + request.after * MINUTE;
            let commit = request.commit(&record, now);
            match record.apply(&commit) {
                Decision::Gone => prop_assert!(record.is_expired(now)),
                Decision::Stale => check_stale(&record, &commit)?,
                Decision::ValueChanged => prop_assert!(false, "no request sets a condition"),
                Decision::TooLarge { size } => {
                    prop_assert!(size > MAX_DATA_SIZE.max(record.data.size()));
                }
                Decision::Apply { record: next, rotated } => {
                    check_deadlines(&record, &commit, &next)?;
                    check_token(&record, &commit, &next, rotated)?;
                    check_owners(&record, &commit, &next, rotated)?;
                    prop_assert!(next.data.size() <= MAX_DATA_SIZE);
                    prop_assert_eq!(entries(&next), request.edit(entries(&record)));
                    record = next;
                }
            }
        }
    }
}

fn check_stale(record: &Record, commit: &Commit) -> Result<(), TestCaseError> {
    prop_assert!(!record.is_expired(commit.now));
    let is_privileged = commit
        .rotation
        .as_ref()
        .is_some_and(|rotation| rotation.supersede == Supersede::AtOnce);
    let token_status = record.token_status(&commit.token_hash, commit.now);
    prop_assert!(
        commit.loaded.epoch != record.epoch
            || (is_privileged && token_status == TokenStatus::Unknown)
    );
    Ok(())
}

fn check_deadlines(before: &Record, commit: &Commit, after: &Record) -> Result<(), TestCaseError> {
    prop_assert!(
        !before.is_expired(commit.now),
        "a commit to an expired record was applied"
    );
    prop_assert!(after.idle_deadline <= after.absolute_deadline);
    prop_assert!(after.absolute_deadline <= after.binding().unwrap().not_after());
    let wanted = match commit.sign_in {
        Some(_) => commit.idle_deadline,
        None => before.idle_deadline.max(commit.idle_deadline),
    };
    prop_assert_eq!(after.idle_deadline, wanted.min(after.absolute_deadline));
    if commit.sign_in.is_none() && after.binding == before.binding {
        prop_assert_eq!(after.absolute_deadline, before.absolute_deadline);
    }
    prop_assert!(after.last_seen_at >= before.last_seen_at);
    Ok(())
}

#[test]
fn what_comes_of_a_commit_has_no_stamp() {
    let loaded = (*SampleRecord::new(1).build())
        .clone()
        .with_stamp(*b"version 7");
    let commit = SampleCommit::on(&loaded).insert("a", "1").build();
    assert_eq!(commit.loaded().stamp(), Some(&b"version 7"[..]));
    let Decision::Apply { record, .. } = loaded.apply(&commit) else {
        panic!("it was not applied");
    };
    assert_eq!(record.stamp(), None);
}

#[test]
fn no_commit_makes_a_record_larger_than_the_store_can_keep() {
    let record = SampleRecord::new(1).build();
    let commit = |length: usize, max| {
        let commit = SampleCommit::on(&record).insert("a", &"1".repeat(length));
        record.apply(&commit.max_record_size(max).build())
    };
    let Decision::Apply { record: larger, .. } = commit(500, usize::MAX) else {
        panic!("it was not applied");
    };
    let max = larger.size_without_data() + larger.data.size();
    assert!(max >= larger.encode().len());
    assert!(matches!(commit(500, max), Decision::Apply { .. }));
    assert!(matches!(commit(501, max), Decision::TooLarge { .. }));
}

fn check_token(
    before: &Record,
    commit: &Commit,
    after: &Record,
    rotated: bool,
) -> Result<(), TestCaseError> {
    let Some(rotation) = commit.rotation.as_ref().filter(|_| rotated) else {
        prop_assert!(!rotated);
        prop_assert_eq!(after.token_hash, before.token_hash);
        prop_assert_eq!(after.previous, before.previous);
        return Ok(());
    };
    prop_assert_eq!(after.token_hash, rotation.token_hash);
    let token_status = before.token_status(&commit.token_hash, commit.now);
    match rotation.supersede {
        Supersede::AtOnce => {
            prop_assert_ne!(token_status, TokenStatus::Unknown);
            prop_assert_eq!(after.previous, None);
        }
        Supersede::WithGrace(until) => {
            prop_assert_eq!(token_status, TokenStatus::Current);
            let token_hash = before.token_hash;
            prop_assert_eq!(
                after.previous,
                Some(PreviousTokenHash { token_hash, until })
            );
        }
    }
    Ok(())
}

fn check_owners(
    before: &Record,
    commit: &Commit,
    after: &Record,
    rotated: bool,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(
        before.epoch,
        commit.loaded.epoch,
        "a stale commit was applied"
    );
    prop_assert_eq!(after.handle, before.handle);
    prop_assert_eq!(
        after.epoch,
        before.epoch + u64::from(commit.sign_in.is_some())
    );
    let principal = commit.sign_in.as_ref().or(before.principal());
    prop_assert_eq!(after.principal(), principal);
    if after.binding != before.binding {
        prop_assert!(rotated, "the token stayed with another certificate");
        prop_assert!(after.binding().unwrap().age() > before.binding().unwrap().age());
    }
    Ok(())
}

fn entries(record: &Record) -> BTreeMap<String, String> {
    let text = |json: &[u8]| String::from_utf8(json.to_vec()).unwrap();
    record
        .data
        .iter()
        .map(|(name, json)| (name.into_owned(), text(json)))
        .collect()
}
