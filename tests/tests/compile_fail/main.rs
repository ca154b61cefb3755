//! Mistakes that do not compile, because a type carries the rule.
//!
//! The words beside each case are those of the compiler. A newer one may choose others: run
//! this test with `TRYBUILD=overwrite`, and see that each case fails for the reason it is named
//! after.

#[test]
fn mistakes_that_a_type_rules_out_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/cases/*.rs");
}
