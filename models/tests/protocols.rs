//! What the checker finds: nothing in the steps as they are, and each fault that was planted.

#![allow(clippy::print_stderr, reason = "the figures are what the run is for")]

use certsession_models::{Ask, Firestore, FirestoreFault, Redis, RedisFault, Verdict, check};

const ALICE: u8 = 0;
const BOB: u8 = 1;

/// Requests that run at once, over sessions of alice that are there already.
struct Scenario {
    name: &'static str,
    alices: &'static [u8],
    requests: &'static [Ask],
    limit: usize,
    losses: u8,
}

const fn scenario(
    name: &'static str,
    alices: &'static [u8],
    requests: &'static [Ask],
    limit: usize,
    losses: u8,
) -> Scenario {
    Scenario {
        name,
        alices,
        requests,
        limit,
        losses,
    }
}

const SCENARIOS: [Scenario; 11] = [
    scenario("two writers", &[0], &[Ask::Write(0), Ask::Write(0)], 9, 2),
    scenario(
        "a writer, an end, and another writer",
        &[0],
        &[Ask::Write(0), Ask::Remove(0), Ask::Write(0)],
        9,
        1,
    ),
    scenario(
        "a creation, and all are revoked",
        &[0],
        &[Ask::Create(1, ALICE), Ask::Revoke(ALICE)],
        9,
        2,
    ),
    scenario(
        "writers, and all are revoked",
        &[0, 1],
        &[Ask::Write(0), Ask::Write(1), Ask::Revoke(ALICE)],
        9,
        1,
    ),
    scenario(
        "two sign-ins for a place that is free",
        &[],
        &[Ask::SignIn(1, ALICE), Ask::SignIn(2, ALICE)],
        1,
        1,
    ),
    scenario(
        "two sign-ins for one place",
        &[0],
        &[Ask::SignIn(1, ALICE), Ask::SignIn(2, ALICE)],
        1,
        1,
    ),
    scenario(
        "a sign-in for the place of a session that bob takes over",
        &[0],
        &[Ask::SignIn(1, ALICE), Ask::Move(0, BOB)],
        1,
        1,
    ),
    scenario(
        "a change of hands, and all are revoked",
        &[0],
        &[Ask::Move(0, BOB), Ask::Revoke(ALICE)],
        2,
        2,
    ),
    scenario(
        "a sign-in, a writer, and all are revoked",
        &[0],
        &[Ask::SignIn(1, ALICE), Ask::Write(0), Ask::Revoke(ALICE)],
        2,
        1,
    ),
    scenario(
        "a sign-in for the place of another, and all are revoked",
        &[0, 1],
        &[Ask::SignIn(2, ALICE), Ask::Revoke(ALICE)],
        2,
        1,
    ),
    scenario(
        "a session that signs in again, and all are revoked",
        &[0, 1],
        &[Ask::Move(0, ALICE), Ask::Revoke(ALICE)],
        2,
        1,
    ),
];

impl Scenario {
    fn sessions(&self) -> Vec<(u8, u8)> {
        self.alices.iter().map(|handle| (*handle, ALICE)).collect()
    }

    fn on_firestore(&self, fault: Option<FirestoreFault>) -> Verdict {
        let protocol = Firestore {
            sessions: self.sessions(),
            requests: self.requests.to_vec(),
            limit: self.limit,
            fault,
        };
        check(protocol, self.losses)
    }

    fn on_redis(&self, is_native: bool, fault: Option<RedisFault>, fails_over: bool) -> Verdict {
        let protocol = Redis {
            is_native,
            sessions: self.sessions(),
            requests: self.requests.to_vec(),
            limit: self.limit,
            fails_over,
            fault,
        };
        check(protocol, self.losses)
    }
}

/// Each scenario with a server that has no compare-and-set of its own, and with one that has.
fn in_both_ways() -> impl Iterator<Item = (&'static Scenario, bool)> {
    let ways = [false, true].into_iter();
    ways.flat_map(|is_native| SCENARIOS.iter().map(move |scenario| (scenario, is_native)))
}

/// What is not always possible: a request that another one makes come to nothing.
fn broken(verdict: &Verdict) -> Vec<&(&'static str, String)> {
    let broken = verdict.broken.iter();
    broken
        .filter(|(name, _)| *name != "every request can succeed")
        .collect()
}

#[test]
fn the_steps_of_the_firestore_store_keep_the_contract() {
    for scenario in &SCENARIOS {
        let verdict = scenario.on_firestore(None);
        eprintln!("{}: {} states", scenario.name, verdict.states);
        assert!(verdict.states > 50, "{verdict:?}");
        assert!(
            verdict.broken.is_empty(),
            "{}: {:?}",
            scenario.name,
            verdict.broken
        );
    }
}

#[test]
fn the_steps_of_the_redis_store_keep_the_contract() {
    for (scenario, is_native) in in_both_ways() {
        let verdict = scenario.on_redis(is_native, None, false);
        let (name, states) = (scenario.name, verdict.states);
        eprintln!("{name}, native {is_native}: {states} states");
        assert!(verdict.states > 50, "{verdict:?}");
        assert!(
            verdict.broken.is_empty(),
            "{}: {:?}",
            scenario.name,
            verdict.broken
        );
    }
}

#[test]
fn a_failover_of_redis_loses_what_its_guide_says_and_no_more() {
    let mut has_revived = false;
    for (scenario, is_native) in in_both_ways() {
        let scenario = Scenario {
            losses: scenario.losses.min(1),
            ..*scenario
        };
        let verdict = scenario.on_redis(is_native, None, true);
        let (name, states) = (scenario.name, verdict.states);
        eprintln!("{name}, native {is_native}: {states} states");
        for (name, way) in broken(&verdict) {
            // The end of a session that was the last step: it is back, until its deadlines.
            assert_eq!(
                *name, "an ended session never comes back",
                "{}: {way}",
                scenario.name
            );
            assert!(way.contains("FailsOver"), "{way}");
            has_revived = true;
        }
    }
    assert!(has_revived, "the documented loss was not found");
}

#[test]
fn each_fault_in_the_steps_of_the_firestore_store_is_found() {
    for (fault, clause) in [
        (
            FirestoreFault::CreatesBlindly,
            "an ended session never comes back",
        ),
        (
            FirestoreFault::WritesWithoutPrecondition,
            "an ended session never comes back",
        ),
        (
            FirestoreFault::WritesWithoutPrecondition,
            "an acknowledged write is kept",
        ),
        (
            FirestoreFault::AppliesOnceMore,
            "each write is taken once at the most",
        ),
        (
            FirestoreFault::LooksOnce,
            "revoking all leaves none of the earlier sessions",
        ),
        (
            FirestoreFault::TakesNoTurn,
            "a limit holds for every reader",
        ),
        (
            FirestoreFault::CreatesFirst,
            "a limit holds for every reader",
        ),
        (
            FirestoreFault::EvictsBlindly,
            "no sign-in ends another principal's session",
        ),
    ] {
        let mut verdicts = SCENARIOS.iter().map(|it| it.on_firestore(Some(fault)));
        assert!(
            verdicts.any(|it| it.breaks(clause)),
            "{fault:?} was not found"
        );
    }
}

#[test]
fn each_fault_in_the_steps_of_the_redis_store_is_found() {
    for (fault, clause) in [
        (
            RedisFault::WritesWhatIsGone,
            "an ended session never comes back",
        ),
        (
            RedisFault::LeavesNoPlace,
            "an ended session never comes back",
        ),
        (
            RedisFault::AnswersBeforeIndexing,
            "a session that can be used is found by its principal",
        ),
        (
            RedisFault::AppliesOnceMore,
            "each write is taken once at the most, but for what was lost",
        ),
        (
            RedisFault::LooksOnce,
            "revoking all leaves none of the earlier sessions",
        ),
        (
            RedisFault::CountsFirst,
            "no more sessions are listed than the limit allows",
        ),
        (
            RedisFault::SkipsCondemned,
            "revoking all leaves none of the earlier sessions",
        ),
    ] {
        let mut verdicts = SCENARIOS
            .iter()
            .map(|it| it.on_redis(false, Some(fault), false));
        assert!(
            verdicts.any(|it| it.breaks(clause)),
            "{fault:?} was not found"
        );
    }
}

#[test]
fn each_fault_in_a_native_compare_and_set_is_found() {
    for (fault, clause) in [
        (
            RedisFault::WritesWhatIsGone,
            "an ended session never comes back",
        ),
        (
            RedisFault::AppliesOnceMore,
            "each write is taken once at the most, but for what was lost",
        ),
        (
            RedisFault::TakesAnothersForItsOwn,
            "an acknowledged write is kept, but for what was lost",
        ),
    ] {
        let mut verdicts = SCENARIOS
            .iter()
            .map(|it| it.on_redis(true, Some(fault), false));
        assert!(
            verdicts.any(|it| it.breaks(clause)),
            "{fault:?} was not found"
        );
    }
}
