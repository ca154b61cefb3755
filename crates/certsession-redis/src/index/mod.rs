//! The sessions of each owner.
//!
//! An index is a sorted set: one [`Entry`] for each session, sorted by the time at which it began.
//! It is stored separately from the records, so that each operation touches one key; an entry is
//! checked against its record whenever it is used. The order of the operations makes this
//! sufficient:
//!
//! - A new record is written first, then indexed, and the client gets its token last. So a session
//!   that can be used is in its indexes, and an entry whose record does not exist is void for good.
//! - When the owner changes, the entry is written first, and the record second.
//! - When a session ends, its entries are removed last.
//!
//! Leftover entries are removed over time: an operation that finds void entries removes them, each
//! eighth new entry checks sixteen others, and the index of an owner whose sessions have all
//! expired expires with them.
//!
//! | file | purpose |
//! |---|---|
//! | `entry` | an entry of an index, and when it is void |
//! | `required_entry` | the entries that a record must have |
//! | `member` | entries with their records: joining, leaving, listing |
//! | `admission` | the limit on a principal's sessions |

mod admission;
mod entry;
mod member;
mod required_entry;

pub(crate) use entry::{Entry, EntryStatus};
pub(crate) use member::{Ending, Join, Member, Place, Unknown, Which};
pub(crate) use required_entry::{RequiredEntries, RequiredEntry};
