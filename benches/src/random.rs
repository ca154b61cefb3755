//! Reproducible random numbers.

/// Marsaglia's xorshift: the same sequence in every run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A different sequence for each number.
    pub const fn numbered(number: u64) -> Self {
        // A seed must not be zero, and this one is odd.
        Self(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(2 * number + 1))
    }

    /// The next number, below the bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::numbered(0)
    }
}
