//! Listing sessions, page by page.

use std::fmt;
use std::str::FromStr;

use crate::handle::Handle;
use crate::record::SessionSummary;

/// Which of an owner's sessions, or of everyone's, a call lists: at most so many, from a place in the list on.
///
/// The list is read in pages because an owner may have any number of sessions, and a client may
/// ask for the list as often as it likes.
///
/// ```
/// use certsession_core::Page;
///
/// assert_eq!(Page::default().limit(), 100);
/// // What a client asks for is safe to pass on.
/// assert_eq!(Page::at_most(1_000_000).limit(), Page::LARGEST);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    limit: usize,
    after: Option<Cursor>,
}

impl Page {
    /// The most sessions that one page has: 1,000.
    pub const LARGEST: usize = 1_000;

    /// The first page, of at most so many sessions: from one to [`LARGEST`](Self::LARGEST), to
    /// which other numbers are rounded.
    pub fn at_most(sessions: usize) -> Self {
        Self {
            limit: sessions.clamp(1, Self::LARGEST),
            after: None,
        }
    }

    /// The page that follows the one that ended at this cursor.
    #[must_use]
    pub fn after(self, cursor: Cursor) -> Self {
        let after = Some(cursor);
        Self { after, ..self }
    }

    /// How many sessions the page has at the most.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// Where the page begins; at the beginning of the list if there is no cursor.
    pub const fn cursor(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }
}

impl Default for Page {
    /// The first page, of at most 100 sessions.
    fn default() -> Self {
        Self::at_most(100)
    }
}

/// A place in a list of sessions, in the store's own form.
///
/// It is not secret and proves nothing: an application may hand it to a client as text, and take
/// it back. A cursor that the store did not make lists nothing or other sessions of the same owner.
///
/// ```
/// use certsession_core::Cursor;
///
/// let cursor = Cursor::new(b"\x07\xff").expect("it is short");
/// assert_eq!(cursor.to_string(), "07ff");
/// assert_eq!("07ff".parse(), Ok(cursor));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    bytes: [u8; Cursor::LONGEST],
    length: u8,
}

impl Cursor {
    /// The longest cursor, in bytes.
    pub const LONGEST: usize = 32;

    /// Creates a cursor; `None` if it would be longer than [`LONGEST`](Self::LONGEST).
    pub fn new(place: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        bytes.get_mut(..place.len())?.copy_from_slice(place);
        let length = u8::try_from(place.len()).ok()?;
        Some(Self { bytes, length })
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.as_bytes().iter();
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({self})")
    }
}

/// Text that is not a cursor: a cursor is up to 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a cursor is an even number of lower-case hexadecimal digits, at most 64")]
pub struct InvalidCursor;

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        if !odd.is_empty() || pairs.len() > Self::LONGEST {
            return Err(InvalidCursor);
        }
        let digit = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(InvalidCursor),
        };
        let mut bytes = [0; Self::LONGEST];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Self::new(&bytes[..pairs.len()]).ok_or(InvalidCursor)
    }
}

/// A page of an owner's sessions, or of everyone's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionPage {
    sessions: Vec<SessionSummary>,
    unreadable: Vec<Handle>,
    next: Option<Cursor>,
}

impl SessionPage {
    /// Creates a page of these sessions, in any order, and the cursor of the page that follows, if
    /// there may be one.
    pub fn new(mut sessions: Vec<SessionSummary>, next: Option<Cursor>) -> Self {
        sessions.sort_by_key(|session| (session.created_at(), session.handle()));
        Self {
            sessions,
            unreadable: Vec::new(),
            next,
        }
    }

    /// The page with these handles of sessions whose records cannot be read.
    #[must_use]
    pub fn with_unreadable(self, unreadable: Vec<Handle>) -> Self {
        Self { unreadable, ..self }
    }

    /// The sessions, oldest first.
    pub fn sessions(&self) -> &[SessionSummary] {
        &self.sessions
    }

    /// The sessions, oldest first.
    pub fn into_sessions(self) -> Vec<SessionSummary> {
        self.sessions
    }

    /// In a list of everyone's sessions, those whose records cannot be read: they are damaged, or a
    /// newer version wrote them. Such a session opens on no node that cannot read it.
    pub fn unreadable(&self) -> &[Handle] {
        &self.unreadable
    }

    /// Where the next page begins; `None` if this is the last. The next page may be empty.
    pub const fn next(&self) -> Option<Cursor> {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_cursor_prints_is_read_as_a_cursor() {
        let longest = Cursor::new(&[0xab; Cursor::LONGEST]).unwrap();
        assert_eq!(longest.to_string().parse(), Ok(longest));
        assert_eq!("".parse(), Ok(Cursor::new(b"").unwrap()));
        assert_eq!(Cursor::new(&[0; Cursor::LONGEST + 1]), None);
        for bad in ["0", "0G", "AB", "é", &"00".repeat(Cursor::LONGEST + 1)] {
            assert_eq!(bad.parse::<Cursor>(), Err(InvalidCursor), "{bad:?}");
        }
    }
}
