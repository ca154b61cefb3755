//! A search for many patterns at once, in one pass over the text.
//!
//! The search looks only at every eighth byte of the text, eight bytes at a time: a pattern of 15
//! bytes or more completely covers one such window, wherever it begins. So each pattern is stored
//! under the eight numbers that its beginning can show there. A table of bits excludes most windows
//! of the text with a single lookup. Hundreds of megabytes take seconds, even in an unoptimised
//! build.

use std::collections::HashMap;

const WIDTH: usize = 8;

/// Enough bits that, with ten thousand tokens, few windows of the text are looked up without a
/// match.
const TABLE_BITS: u32 = 26;

pub(super) struct Patterns {
    patterns: Vec<Vec<u8>>,
    table: Vec<u64>,
    /// The patterns that contain these eight bytes, and their positions.
    windows: HashMap<u64, Vec<(u32, u8)>>,
}

impl Patterns {
    pub(super) fn new() -> Self {
        Self {
            patterns: Vec::new(),
            table: vec![0; 1 << (TABLE_BITS - 6)],
            windows: HashMap::new(),
        }
    }

    /// Adds a pattern of at least 15 bytes.
    pub(super) fn add(&mut self, pattern: &[u8]) {
        assert!(pattern.len() >= 2 * WIDTH - 1);
        let index = u32::try_from(self.patterns.len()).unwrap();
        self.patterns.push(pattern.to_vec());
        for (offset, bytes) in (0..).zip(pattern.windows(WIDTH).take(WIDTH)) {
            let window = number(bytes);
            let (word, bit) = place(window);
            self.table[word] |= bit;
            self.windows
                .entry(window)
                .or_default()
                .push((index, offset));
        }
    }

    /// The positions where patterns begin in this text, in order. If there are several at one
    /// position, one is reported.
    pub(super) fn find(&self, text: &[u8]) -> Vec<usize> {
        let mut found = Vec::new();
        for (index, bytes) in text.chunks_exact(WIDTH).enumerate() {
            let window = number(bytes);
            let (word, bit) = place(window);
            if self.table[word] & bit != 0 {
                found.extend(self.around(text, index * WIDTH, window));
            }
        }
        found
    }

    /// The position where the pattern with this window begins, if there is one.
    fn around(&self, text: &[u8], at: usize, window: u64) -> Option<usize> {
        self.windows
            .get(&window)?
            .iter()
            .find_map(|(index, offset)| {
                let begin = at.checked_sub(usize::from(*offset))?;
                let pattern = &self.patterns[usize::try_from(*index).ok()?];
                text[begin..].starts_with(pattern).then_some(begin)
            })
    }
}

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

/// A window's bit in the table: the upper bits of a product (Knuth's multiplicative hashing).
fn place(window: u64) -> (usize, u64) {
    let mixed = window ^ window.rotate_left(29);
    let hash = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - TABLE_BITS);
    ((hash >> 6) as usize, 1 << (hash & 63))
}
