//! The sessions of each owner.
//!
//! An index is a sorted set: an [`Entry`] for each session, by the time at which it began. It is
//! kept beside the records and not together with them, so that each step touches one key; what an
//! entry says is checked against its record whenever it is used. The order of the steps makes
//! that enough:
//!
//! - A new record is written first and indexed then, and the client gets its token last: a session
//!   that can be used is in its indexes, and an entry whose record is gone is void for good.
//! - At a change of owner the entry comes first, and the record second.
//! - Whoever ends a session removes its entries afterwards.
//!
//! What was left behind on the way goes by itself: void entries are removed by whoever comes upon
//! them, each eighth entry that is made takes a look at sixteen others, and the index of an owner
//! whose sessions have all expired expires with them.
//!
//! | file | purpose |
//! |---|---|
//! | `entry` | what an index holds of a session, and when that is void |
//! | `required` | the entries that a record has to have |
//! | `member` | entries with their records: joining, leaving, listing |
//! | `admission` | the limit on a principal's sessions |

mod admission;
mod entry;
mod member;
mod required_entry;

pub(crate) use entry::{Entry, EntryStatus};
pub(crate) use member::{Join, Member, Unknown, Which};
pub(crate) use required_entry::{RequiredEntries, RequiredEntry};
