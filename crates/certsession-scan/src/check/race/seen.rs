//! What `read` shows of two writes.

use std::collections::BTreeSet;

use super::super::*;

/// How to tell in an answer of `read` what was written.
#[derive(Debug, PartialEq)]
pub(super) enum Seen {
    /// By words that one of the writers leaves, and the other does not.
    ByWords {
        slow: BTreeSet<String>,
        write: BTreeSet<String>,
    },
    /// By the whole answer.
    Whole { one: [String; 2], both: String },
}

/// What `read` shows without a race.
struct Alone {
    nothing: String,
    slow: String,
    write: String,
    slow_first: String,
    write_first: String,
}

impl Seen {
    /// Lets each write by itself, and both one after the other, in either order.
    pub(super) async fn learn(scan: &Scan<'_>) -> Result<Option<Self>, Trouble> {
        Ok(Self::of(Alone {
            nothing: leaves(scan, &[]).await?,
            slow: leaves(scan, &["slow"]).await?,
            write: leaves(scan, &["write"]).await?,
            slow_first: leaves(scan, &["slow", "write"]).await?,
            write_first: leaves(scan, &["write", "slow"]).await?,
        }))
    }

    fn of(alone: Alone) -> Option<Self> {
        let lasting = &words(&alone.slow_first) & &words(&alone.write_first);
        let of = |one: &str, other: &str| {
            let own = &(&words(one) & &lasting) - &words(other);
            &own - &words(&alone.nothing)
        };
        let slow = of(&alone.slow, &alone.write);
        let write = of(&alone.write, &alone.slow);
        if !slow.is_empty() && !write.is_empty() {
            return Some(Self::ByWords { slow, write });
        }
        let both = alone.slow_first;
        let told_apart = both == alone.write_first && both != alone.slow && both != alone.write;
        told_apart.then_some(Self::Whole {
            one: [alone.slow, alone.write],
            both,
        })
    }

    /// What this answer, which holds both, shows as well; `None` where that is not enough to tell.
    /// A word such as a part of a time may have been in earlier answers by chance.
    pub(super) fn confirmed_by(self, answer: &str) -> Option<Self> {
        match self {
            Self::ByWords { slow, write } => {
                let shown = words(answer);
                let (slow, write) = (&slow & &shown, &write & &shown);
                let told_apart = !slow.is_empty() && !write.is_empty();
                told_apart.then_some(Self::ByWords { slow, write })
            }
            Self::Whole { one, both } => (both == answer).then_some(Self::Whole { one, both }),
        }
    }

    /// Whether one of the answers shows both writes; `None` where they show neither.
    pub(super) fn both_in(&self, answers: &[String; 2]) -> Option<bool> {
        let [one, other] = answers.each_ref().map(|answer| self.both(answer));
        one.max(other)
    }

    fn both(&self, answer: &str) -> Option<bool> {
        match self {
            Self::ByWords { slow, write } => {
                let found = words(answer);
                match (slow.is_subset(&found), write.is_subset(&found)) {
                    (true, true) => Some(true),
                    (false, false) => None,
                    _ => Some(false),
                }
            }
            Self::Whole { one, both } => match answer == both {
                true => Some(true),
                false => one.iter().any(|one| one == answer).then_some(false),
            },
        }
    }
}

/// What `read` shows after these steps, in a session of their own.
pub(super) async fn leaves(scan: &Scan<'_>, steps: &[&str]) -> Result<String, Trouble> {
    let mut victim = scan.victim("the victim, without a race").await?;
    for step in steps {
        let answer = victim.run(step).await?;
        crate::scan::did_not_fail(&answer, step)?;
    }
    let answer = victim.run("read").await?;
    crate::scan::did_not_fail(&answer, "read")?;
    Ok(answer.text())
}

/// The words of a text.
pub(in super::super) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(shown: [&str; 5]) -> Option<Seen> {
        let [nothing, slow, write, slow_first, write_first] = shown.map(str::to_owned);
        Seen::of(Alone {
            nothing,
            slow,
            write,
            slow_first,
            write_first,
        })
    }

    fn both_in(seen: &Seen, victim: &str, writer: &str) -> Option<bool> {
        seen.both_in(&[victim.to_owned(), writer.to_owned()])
    }

    #[test]
    fn a_write_is_seen_by_its_words() {
        let seen = seen(["{}", "{a}", "{b}", "{a b}", "{b a}"]).unwrap();
        assert_eq!(both_in(&seen, "{a b}", "{a b}"), Some(true));
        assert_eq!(both_in(&seen, "{a}", "{a}"), Some(false));
        assert_eq!(both_in(&seen, "{}", "{}"), None);
        assert_eq!(both_in(&seen, "sign in", "{a b}"), Some(true));
        assert_eq!(
            seen.confirmed_by("{b a}")
                .map(|it| both_in(&it, "{a}", "{a}")),
            Some(Some(false))
        );
    }

    #[test]
    fn a_time_that_comes_with_a_write_by_chance_is_no_lost_write() {
        let seen = seen(["{} 07", "{a} 08", "{b} 09", "{a b} 08", "{b a} 08"]).unwrap();
        assert_eq!(
            both_in(&seen, "{a b} 10", "{a b} 10"),
            Some(false),
            "without the control"
        );
        let seen = seen.confirmed_by("{b a} 11").unwrap();
        assert_eq!(both_in(&seen, "{a b} 10", "{a b} 10"), Some(true));
        assert_eq!(both_in(&seen, "{a} 10", "{a} 10"), Some(false));
    }

    #[test]
    fn what_the_control_does_not_show_is_not_told() {
        let seen = seen(["{} 07", "{} 08", "{b} 09", "{b} 08", "{b} 08"]).unwrap();
        assert_eq!(seen.confirmed_by("{b} 11"), None);
    }

    #[test]
    fn a_number_of_writes_is_seen_by_the_whole_answer() {
        let seen = seen(["0", "1", "1", "2", "2"]).unwrap();
        assert_eq!(both_in(&seen, "2", "2"), Some(true));
        assert_eq!(both_in(&seen, "1", "1"), Some(false));
        assert_eq!(seen.confirmed_by("3"), None);
    }
}
