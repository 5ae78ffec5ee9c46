//! The gate stands on one page.

use std::fs;

use super::at;

#[test]
fn the_gate_is_one_short_file_with_one_function_on_a_page() {
    let text = fs::read_to_string(at("crates/aegis-runtime/src/gate.rs")).unwrap();
    assert!(text.lines().count() <= 120, "gate.rs has {} lines", text.lines().count());
    let page = text.split("pub fn answer_all(").nth(1).unwrap();
    let page = page.split("\n    }\n").next().unwrap();
    assert!(page.lines().count() <= 60, "the gate takes {} lines", page.lines().count());
    // Whoever answers goes through it: nobody else makes an outcome, and only the journal what one is made
    // from.
    let outcome = fs::read_to_string(at("crates/aegis-runtime/src/gate/outcome.rs")).unwrap();
    assert_eq!(outcome.matches("Outcome::Allowed(Proceed(").count(), 2, "made once, looked into once");
    assert!(outcome.contains("impl From<Committed<Sealed<'_>>> for Outcome"));
}
