//! The names of the client CAs, which rustls wants by reference.

use std::sync::OnceLock;

use rustls::DistinguishedName;

/// A list of names that can be replaced while readers hold the one before it: the newest list is
/// the last of a chain that only grows. It grows by one when an operator changes the client CAs.
#[derive(Debug)]
pub(super) struct RootHintSubjects {
    names: Box<[DistinguishedName]>,
    newer: OnceLock<Box<RootHintSubjects>>,
}

impl RootHintSubjects {
    pub(super) fn new(names: &[DistinguishedName]) -> Self {
        Self {
            names: names.into(),
            newer: OnceLock::new(),
        }
    }

    pub(super) fn current(&self) -> &[DistinguishedName] {
        &self.last().names
    }

    pub(super) fn replace(&self, names: &[DistinguishedName]) {
        let mut last = self.last();
        while !are_same(&last.names, names) {
            // Of two that replace at the same time, the second goes on from the first.
            let newer = last.newer.get_or_init(|| Box::new(Self::new(names)));
            last = newer;
        }
    }

    fn last(&self) -> &Self {
        let mut last = self;
        while let Some(newer) = last.newer.get() {
            last = newer;
        }
        last
    }
}

fn are_same(some: &[DistinguishedName], others: &[DistinguishedName]) -> bool {
    let bytes = |name: &DistinguishedName| name.as_ref().to_vec();
    some.iter().map(bytes).eq(others.iter().map(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<DistinguishedName> {
        let name = |name: &&str| DistinguishedName::in_sequence(name.as_bytes());
        names.iter().map(name).collect()
    }

    #[test]
    fn the_newest_names_are_current_and_older_references_stay_good() {
        let root_hint_subjects = RootHintSubjects::new(&names(&["a"]));
        let before = root_hint_subjects.current();
        root_hint_subjects.replace(&names(&["b"]));
        root_hint_subjects.replace(&names(&["b"]));
        root_hint_subjects.replace(&names(&["a"]));
        assert!(are_same(before, &names(&["a"])));
        assert!(are_same(root_hint_subjects.current(), &names(&["a"])));
    }
}
