//! By what a store knows the state of a record that it has loaded.

use std::fmt;
use std::sync::Arc;

/// What a store has put on a record for itself; see [`Record::with_stamp`].
///
/// It says nothing of the session, so records are compared without it: any two stamps are equal.
/// It is as long as one pointer, so that a record of a store without stamps grows into nothing but
/// the rest of its allocation.
///
/// [`Record::with_stamp`]: crate::Record::with_stamp
#[derive(Clone, Debug, Default)]
pub(crate) struct Stamp(Option<Arc<Bytes>>);

struct Bytes(Box<[u8]>);

impl fmt::Debug for Bytes {
    /// Shows the length: a stamp may be the record as it was loaded, with the session's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Stamp {
    pub(crate) fn new(bytes: Box<[u8]>) -> Self {
        Self(Some(Arc::new(Bytes(bytes))))
    }

    pub(crate) fn get(&self) -> Option<&[u8]> {
        self.0.as_ref().map(|bytes| &*bytes.0)
    }
}

impl PartialEq for Stamp {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Stamp {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_the_length_and_not_the_content() {
        let stamp = Stamp::new((*b"swordfish").into());
        assert_eq!(format!("{stamp:?}"), "Stamp(Some(9 bytes))");
    }

    #[test]
    fn a_record_without_a_stamp_has_room_for_one_pointer_alone() {
        assert_eq!(size_of::<Stamp>(), size_of::<usize>());
    }
}
