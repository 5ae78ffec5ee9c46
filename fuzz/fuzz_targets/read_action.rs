//! Whatever bytes are read as an action: no panic, and what is accepted is its own canonical form's equal.
#![no_main]

use aegis_engine::Action;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(action) = Action::from_json(bytes) {
        let again = Action::from_json(action.canonical().as_bytes()).unwrap();
        assert_eq!(again.canonical(), action.canonical());
    }
});
