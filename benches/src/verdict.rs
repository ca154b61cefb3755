//! Whether a budget is kept.

/// The word for it in a table.
pub const fn verdict(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "**missed**" }
}
