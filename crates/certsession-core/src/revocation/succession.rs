//! Which list takes the place of which.
//!
//! A list has a place: its issuer, the key that has signed it, and which certificates it speaks
//! of. Four rules:
//!
//! 1. A list takes the place of an older one of the same place, and of no other: one that speaks
//!    of less says nothing about the rest. A list of all certificates of a key also takes the
//!    place of older ones of a part of them.
//! 2. Of several lists of one place the newest counts.
//! 3. A list that is missing stays in force as it was, until it is overdue; and what happens then
//!    is decided by the policy for overdue lists.
//! 4. Each place is decided on its own. What is wrong with one list keeps no other back, and what is
//!    right with one is no excuse for another that a CA is left without.

use super::crl::Crl;
use super::error::CrlError;
use super::report::{CrlProblem, CrlReport};
use super::scope::Scope;
use super::verifier::{Issuer, Verified};
use crate::certificate::{CaCertificate, CanonicalName, PublicKeyHash};
use crate::time::Timestamp;

/// The lists of one source that are in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Source {
    pub(super) lists: Vec<Crl>,
    /// The CAs that are configured.
    pub(super) cas: Vec<Ca>,
}

/// What tells whether a CA's lists are still to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ca {
    pub(super) name: CanonicalName,
    pub(super) key: PublicKeyHash,
    pub(super) not_after: Timestamp,
    /// Whether its key usage allows it to sign lists.
    pub(super) may_sign: bool,
}

impl Source {
    /// The source with its new lists.
    pub(super) fn succeed(
        &self,
        verified: Vec<Verified>,
        cas: Vec<Ca>,
        now: Timestamp,
    ) -> (Self, CrlReport) {
        let mut succession = Succession {
            before: self,
            cas,
            now,
            accepted: Vec::new(),
            problems: Vec::new(),
        };
        let refused = succession.accept(verified);
        let lists = succession.decide();
        succession.report_missing(&lists);
        succession.report_refused(refused, &lists);
        let Succession { cas, problems, .. } = succession;
        let source = Self { lists, cas };
        let report = CrlReport {
            problems,
            in_force: source.lists.len(),
            current: source
                .lists
                .iter()
                .filter(|crl| crl.next_update >= now)
                .count(),
            next_update: source.next_update(now),
        };
        (source, report)
    }

    /// Until when the CA of a list is expected to make more; the Unix epoch if it is not
    /// configured any more.
    pub(super) fn signs_until(&self, crl: &Crl) -> Timestamp {
        let of_signer = |ca: &&Ca| ca.name == crl.name && ca.key == crl.signer;
        let signers = self.cas.iter().filter(of_signer);
        let until = signers.map(|ca| ca.not_after).max();
        until.unwrap_or(Timestamp::from_millis(0))
    }

    fn next_update(&self, now: Timestamp) -> Option<Timestamp> {
        let living = self.lists.iter().filter(|crl| self.signs_until(crl) >= now);
        living.map(|crl| crl.next_update).min()
    }
}

struct Succession<'s> {
    before: &'s Source,
    cas: Vec<Ca>,
    now: Timestamp,
    /// Lists that may come into force, and where each was.
    accepted: Vec<(usize, Crl)>,
    problems: Vec<CrlProblem>,
}

struct Refused {
    position: usize,
    issuer: Option<Issuer>,
    error: CrlError,
    /// The list, if its age is all that is wrong with it.
    overdue: Option<Crl>,
}

impl Succession<'_> {
    fn accept(&mut self, verified: Vec<Verified>) -> Vec<Refused> {
        let mut refused = Vec::new();
        let mut overdue = Vec::new();
        for (index, list) in verified.into_iter().enumerate() {
            let position = index + 1;
            match list.result {
                Ok(crl) => self.accepted.push((position, crl)),
                Err(error) => {
                    overdue.extend(list.overdue.clone().map(|crl| (position, crl)));
                    refused.push(Refused {
                        position,
                        issuer: list.issuer,
                        error,
                        overdue: list.overdue,
                    });
                }
            }
        }
        // Better an overdue list than none: with it, no one of its issuer's gets in.
        overdue.retain(|(_, crl)| self.is_better_than_none(crl));
        self.accepted.append(&mut overdue);
        refused
    }

    /// Whether nothing else is known about the certificates of an overdue list, or only what is
    /// overdue and older too.
    fn is_better_than_none(&self, overdue: &Crl) -> bool {
        let mut accepted = self.accepted.iter().map(|(_, crl)| crl);
        let mut before = self.before.lists.iter();
        !accepted.any(|crl| crl.is_of_place(overdue))
            && before.all(|old| !old.is_of_place(overdue) || old.next_update < self.now)
    }

    /// The lists that are in force from now on.
    fn decide(&mut self) -> Vec<Crl> {
        let mut lists: Vec<Crl> = Vec::new();
        for (position, crl) in &self.accepted {
            let is_of_place = |other: &&Crl| other.is_of_place(crl);
            let before = self.before.lists.iter().filter(is_of_place);
            if before.clone().any(|old| old.is_newer_than(crl)) {
                let newer = self
                    .accepted
                    .iter()
                    .any(|(_, other)| other.is_of_place(crl) && other.is_newer_than(crl));
                // Beside its successor, an old list does no harm.
                if !newer {
                    self.problems.push(CrlProblem {
                        position: Some(*position),
                        issuer: Some(crl.subject.clone()),
                        is_loss: true,
                        error: CrlError::Older,
                    });
                }
                continue;
            }
            let others = self.accepted.iter().map(|(_, other)| other);
            let is_newest = others
                .filter(|other| other.is_of_place(crl))
                .all(|other| !other.is_newer_than(crl));
            if is_newest {
                lists.push(crl.clone());
            }
        }
        let kept = self.before.lists.iter();
        let kept = kept.filter(|old| !lists.iter().any(|new| new.is_of_place(old)));
        let kept: Vec<_> = kept.cloned().collect();
        lists.extend(kept);
        let wholes = lists.iter().filter(|crl| crl.scope == Scope::Whole);
        let wholes: Vec<_> = wholes.cloned().collect();
        lists.retain(|crl| {
            let covers =
                |whole: &Crl| whole.is_of_signer(crl) && whole.this_update >= crl.this_update;
            crl.scope == Scope::Whole || !wholes.iter().any(covers)
        });
        lists
    }

    /// Lists that were there before, and of whose place nothing has come.
    fn report_missing(&mut self, lists: &[Crl]) {
        let mut reported: Vec<&Crl> = Vec::new();
        for old in &self.before.lists {
            let is_in_force = lists.iter().any(|crl| is_same(crl, old));
            let came = |crl: &Crl| self.accepted.iter().any(|(_, new)| new.is_of_signer(crl));
            let has_place = |crl: &Crl| self.accepted.iter().any(|(_, new)| new.is_of_place(crl));
            if !is_in_force || has_place(old) || !self.is_living(old) {
                continue;
            }
            let next_update = old.next_update;
            let (is_loss, error) = match came(old) {
                true => (false, CrlError::PartMissing { next_update }),
                false => (true, CrlError::IssuerMissing { next_update }),
            };
            if is_loss && reported.iter().any(|other| other.is_of_signer(old)) {
                continue;
            }
            reported.push(old);
            self.problems.push(CrlProblem {
                position: None,
                issuer: Some(old.subject.clone()),
                is_loss,
                error,
            });
        }
    }

    fn report_refused(&mut self, refused: Vec<Refused>, lists: &[Crl]) {
        for refused in refused {
            let is_loss = self.is_loss(&refused, lists);
            self.problems.push(CrlProblem {
                position: Some(refused.position),
                issuer: refused.issuer.map(|issuer| issuer.subject),
                is_loss,
                error: refused.error,
            });
        }
        self.problems.sort_by_key(|problem| problem.position);
    }

    /// Whether a list that cannot be used may have been one that a CA is left without: a list of
    /// another place says nothing of its certificates.
    fn is_loss(&self, refused: &Refused, lists: &[Crl]) -> bool {
        if let Some(overdue) = &refused.overdue {
            let is_in_force = lists.iter().any(|crl| is_same(crl, overdue));
            return is_in_force || !self.has_successor(refused.position, overdue);
        }
        let Some(issuer) = &refused.issuer else {
            // Perhaps that of any CA.
            return lists.is_empty() || !self.have_all_certificates(|_| true);
        };
        let is_issuer = |ca: &Ca| ca.name == issuer.name;
        if !self.living().any(is_issuer) {
            return false;
        }
        match &refused.error {
            // It could not have covered a client's certificate, changes a list that has come, or
            // is of a key that has expired.
            CrlError::NotForClients { .. } | CrlError::Delta | CrlError::IssuerExpired { .. } => {
                !self.accepted.iter().any(|(_, crl)| crl.name == issuer.name)
            }
            // Its signer is configured, and none of its lists ever counts.
            CrlError::IssuerMayNotSign => true,
            // Which of the issuer's keys has signed it, and what it covers, cannot be trusted: it
            // may have been of each place that nothing has come of.
            _ => !self.have_all_certificates(is_issuer),
        }
    }

    /// Whether another list than the one at this position has come that takes its place.
    fn has_successor(&self, position: usize, crl: &Crl) -> bool {
        let mut accepted = self.accepted.iter();
        accepted.any(|(other, new)| {
            let covers = new.scope == Scope::Whole || new.scope == crl.scope;
            *other != position && new.is_of_signer(crl) && covers
        })
    }

    /// Whether a list of all certificates has come of each of these CAs (at least one) that has
    /// not expired and may sign lists.
    fn have_all_certificates(&self, is_meant: impl Fn(&Ca) -> bool) -> bool {
        let signers = self.living().filter(|ca| ca.may_sign && is_meant(ca));
        let mut signers = signers.peekable();
        let has_whole = |ca: &Ca| {
            let mut accepted = self.accepted.iter().map(|(_, crl)| crl);
            accepted
                .any(|crl| crl.name == ca.name && crl.signer == ca.key && crl.scope == Scope::Whole)
        };
        signers.peek().is_some() && signers.all(has_whole)
    }

    /// The configured CAs that have not expired.
    fn living(&self) -> impl Iterator<Item = &Ca> {
        self.cas.iter().filter(|ca| ca.not_after >= self.now)
    }

    fn is_living(&self, crl: &Crl) -> bool {
        let mut living = self.living();
        living.any(|ca| ca.name == crl.name && ca.key == crl.signer)
    }
}

fn is_same(one: &Crl, other: &Crl) -> bool {
    std::sync::Arc::ptr_eq(&one.serials, &other.serials)
}

impl From<&CaCertificate> for Ca {
    fn from(ca: &CaCertificate) -> Self {
        Self {
            name: ca.name(),
            key: *ca.public_key_hash(),
            not_after: ca.not_after(),
            may_sign: ca.may_sign_lists(),
        }
    }
}

impl From<&Crl> for Ca {
    /// The CA that has signed a list.
    fn from(crl: &Crl) -> Self {
        Self {
            name: crl.name,
            key: crl.signer,
            not_after: crl.signer_not_after,
            may_sign: true,
        }
    }
}
