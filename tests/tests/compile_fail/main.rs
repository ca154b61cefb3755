//! Mistakes that do not compile, because a type enforces the rule.
//!
//! The text beside each case is the compiler's. A newer compiler may use other words: run this test
//! with `TRYBUILD=overwrite`, and check that each case fails for the reason that its name says.

#[test]
fn mistakes_that_a_type_rules_out_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/cases/*.rs");
}
