//! The store contract as a test suite (feature `test-util`).
//!
//! The author of a store runs the suite with a [`Harness`] and one line. Each clause becomes a
//! test, named by the sentence that it checks:
//!
//! ```
//! use certsession_core::MemoryStore;
//! use certsession_core::conformance::Harness;
//!
//! #[derive(Default)]
//! struct Memory;
//!
//! impl Harness for Memory {
//!     type Store = MemoryStore;
//!
//!     async fn store(&self) -> MemoryStore {
//!         MemoryStore::new()
//!     }
//! }
//!
//! certsession_core::conformance_suite!(Memory);
//! # fn main() {}
//! ```
//!
//! The clauses are also functions, so that one can be run alone. Each begins with an empty store,
//! and panics if the store violates the clause. Times are close to the real time, with deadlines
//! minutes ahead, so that engines which expire records by their own clock can be tested.
//!
//! | file | purpose |
//! |---|---|
//! | `harness` | [`Harness`], what the suite needs from a store |
//! | `trial` | one store under test, and helpers for the clauses |
//! | `race` | the starting line of a race |
//! | the others | the clauses; the list below names them all |

mod harness;
mod race;
mod trial;

pub use harness::Harness;

/// Makes each group of clauses a module, and defines
/// [`conformance_suite`](crate::conformance_suite), a macro that names them all. A clause that is
/// not listed here causes a compiler warning. The `$` is passed in because a macro that defines a
/// macro cannot write it directly.
macro_rules! suite {
    ($d:tt $($group:ident { $($clause:ident)* })*) => {
        $(
            mod $group;
            pub use $group::{$($clause),*};
        )*

        /// Every clause with its name. Use this for a store whose engine starts too slowly to be
        /// started for each clause, which `conformance_suite!` does if each test runs in a process
        /// of its own.
        pub fn clauses<H: Harness>() -> Vec<(&'static str, fn())> {
            vec![$($((stringify!($clause), $clause::<H> as fn())),*),*]
        }

        /// Runs the [conformance suite](crate::conformance) on the store of a
        /// [`Harness`](crate::conformance::Harness): defines a module with one test for each
        /// clause.
        ///
        /// `conformance_suite!(MyHarness)` defines the module `conformance`;
        /// `conformance_suite!(cluster: MyHarness)` defines the module `cluster`, for a second
        /// harness in the same file.
        #[macro_export]
        macro_rules! conformance_suite {
            ($d harness:ty) => {
                $d crate::conformance_suite!(conformance: $d harness);
            };
            ($d name:ident: $d harness:ty) => {
                mod $d name {
                    #[allow(unused_imports, reason = "the harness may be named by a full path")]
                    use super::*;

                    $($(
                        #[test]
                        fn $clause() {
                            $d crate::conformance::$clause::<$d harness>();
                        }
                    )*)*
                }
            };
        }
    };
}

suite! { $
    creation {
        a_record_is_loaded_as_it_was_created
        create_never_overwrites_a_record
        a_creation_under_a_taken_handle_evicts_no_session
        a_full_store_reports_it_and_keeps_its_records
        an_ended_session_makes_room_in_a_full_store
        an_expired_record_makes_room_in_a_full_store
    }
    loading {
        an_absent_record_loads_as_none
        an_ended_record_loads_as_none
        a_record_that_was_found_expired_does_not_come_back
        a_record_is_gone_at_exactly_its_idle_deadline
        a_record_is_gone_at_exactly_its_absolute_deadline
        a_record_that_was_used_outlives_its_first_idle_deadline
        each_handle_loads_its_own_record
    }
    copies {
        a_copy_is_the_record_that_was_loaded
        no_copy_is_expired
        no_copy_is_older_than_a_step_that_has_returned
        no_reader_keeps_a_copy_from_before_a_step
    }
    commits {
        an_applied_commit_returns_the_record_that_is_kept
        a_commit_to_an_absent_record_makes_none
        a_commit_to_a_removed_record_never_recreates_it
        a_commit_to_an_expired_record_never_revives_it
        a_commit_from_an_older_epoch_is_stale
        writers_of_different_keys_both_win
        the_last_writer_of_a_key_wins
        a_commit_can_drop_all_keys_but_some
        a_value_is_taken_once
        a_first_value_is_written_once
        a_commit_touches_its_own_record_alone
    }
    tokens {
        a_renewed_token_is_kept_for_its_grace
        a_second_renewal_ends_the_grace_of_the_first
        a_renewal_that_lost_is_ignored_and_its_data_is_merged
        a_privilege_change_gives_no_grace
        a_privilege_change_by_a_dead_token_is_stale
        a_token_signs_in_during_its_grace_and_not_after_it
        a_write_leaves_the_token_alone
    }
    owners {
        a_sign_in_moves_the_record_between_principals
        a_sign_in_raises_the_epoch_and_restarts_the_lifetime
        a_stale_sign_in_leaves_the_index_alone
        a_rebind_moves_the_record_between_certificates
        an_older_certificate_never_wins
        a_rebind_that_lost_the_token_race_is_ignored
        a_sign_in_under_a_renewed_certificate_moves_both
        signing_in_again_keeps_one_entry
        a_record_without_a_certificate_has_no_owner
        a_first_certificate_gets_the_record_with_a_new_token
        no_principal_signs_in_without_a_certificate
    }
    deadlines {
        the_idle_deadline_never_moves_back
        the_idle_deadline_never_passes_the_absolute_one
        a_write_leaves_the_absolute_deadline_alone
        a_session_never_outlives_its_certificate
    }
    endings {
        remove_ends_a_session_once
        only_an_unchanged_session_is_removed_as_unchanged
        the_oldest_sessions_end_beyond_a_number
        expired_sessions_are_not_among_the_oldest_that_end
        revoke_ends_all_sessions_of_a_principal_and_no_others
        revoke_ends_all_sessions_of_a_certificate_and_no_others
        the_same_serial_under_another_issuer_is_another_certificate
        owners_that_look_alike_are_kept_apart
        revoke_does_not_touch_what_comes_after_it
        a_moved_session_is_revoked_only_with_its_new_owner
    }
    listing {
        sessions_are_listed_oldest_first
        sessions_are_listed_as_they_are_now
        a_summary_is_that_of_its_record
        each_session_is_on_one_page
        a_made_up_cursor_shows_nothing_of_others
        only_live_sessions_are_listed
        an_unknown_owner_has_no_sessions
        an_owner_may_have_hundreds_of_sessions
        the_sessions_of_everyone_are_on_the_pages
        a_made_up_cursor_of_everyones_sessions_is_no_error
    }
    admission {
        a_creation_beyond_the_limit_ends_the_oldest
        a_sign_in_beyond_the_limit_ends_the_oldest
        as_many_sessions_end_as_the_limit_requires
        a_refused_creation_changes_nothing
        a_refused_sign_in_changes_nothing
        signing_in_again_does_not_count_the_session_itself
        expired_sessions_do_not_count
        each_principal_has_a_limit_of_their_own
        a_write_is_not_limited
    }
    data {
        the_largest_session_is_kept
        five_hundred_keys_are_kept
        names_and_values_of_every_length_are_kept
        a_key_may_have_any_name
        a_value_is_kept_byte_by_byte
        a_commit_beyond_the_data_limit_changes_nothing
        a_session_beyond_a_lowered_data_limit_may_shrink
    }
    faults {
        a_step_that_fails_is_an_error
        a_failed_creation_happened_whole_or_not_at_all
        a_failed_commit_happened_whole_or_not_at_all
        a_failed_end_can_be_repeated
    }
    race_writers {
        no_key_is_lost_among_writers_of_different_keys
        writers_of_the_same_keys_leave_no_mixture
        no_writer_from_before_a_sign_in_writes_after_it
        a_sign_in_carries_what_writers_have_written
        writers_together_never_pass_the_data_limit
        the_latest_use_decides_the_idle_deadline
        of_parallel_takes_one_gets_the_value
        a_thousand_values_are_taken_once_each
    }
    race_tokens {
        of_parallel_renewals_one_wins
        of_parallel_privilege_changes_one_is_applied
        of_parallel_sign_ins_one_is_applied
        of_parallel_sign_ins_of_one_principal_one_is_applied
        of_parallel_rebinds_one_wins_with_its_token
        of_parallel_first_certificates_one_gets_the_session
    }
    race_endings {
        no_writer_brings_a_removed_session_back
        of_parallel_ends_one_ends_the_session
        a_session_that_is_ended_as_it_was_judged_is_not_signed_in_to
        revoke_leaves_none_of_the_earlier_sessions
        a_session_that_moves_during_a_revoke_is_gone_or_moved
    }
    race_expiry {
        a_session_that_is_extended_while_it_is_found_expired_stays
        a_session_that_is_extended_during_a_sign_in_stays_listed
    }
    race_limits {
        a_thousand_sign_ins_never_leave_more_than_the_limit
        a_thousand_sign_ins_are_refused_beyond_the_limit
        creations_never_take_more_places_than_there_are
    }
}
