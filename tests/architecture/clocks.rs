//! `chrono::Utc::now` panics where the clock is before 1970: what asks for the time asks `aegis_audit::now`.

use super::FLOORS;
use super::sources::{bare_code, files_below};

#[test]
fn no_source_asks_a_clock_that_panics() {
    let mut looked_at = 0;
    for (name, _) in FLOORS {
        for path in files_below(&format!("crates/{name}/src")) {
            let code = bare_code(&path);
            assert!(!code.contains("Utc::now") && !code.contains("Local::now"), "{}", path.display());
            looked_at += 1;
        }
    }
    assert!(looked_at > 200, "{looked_at}");
}
