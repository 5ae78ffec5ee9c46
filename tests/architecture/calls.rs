//! Calls that have a better one in the workspace itself.

use super::FLOORS;
use super::sources::{bare_code, files_below};

/// `chrono::Utc::now` panics where the clock is before 1970: what asks for the time asks `aegis_audit::now`.
#[test]
fn no_source_asks_a_clock_that_panics() {
    nobody_calls(&["Utc::now", "Local::now"]);
}

/// The C library's account look-ups load whatever modules the configuration of the machine names: names come
/// from `aegis_audit::trust::user_name`.
#[test]
fn no_source_asks_the_name_service() {
    nobody_calls(&["User::from_", "Group::from_", "getgrouplist", "ToSocketAddrs", "home_dir("]);
}

fn nobody_calls(calls: &[&str]) {
    let mut looked_at = 0;
    for (name, _) in FLOORS {
        for path in files_below(&format!("crates/{name}/src")) {
            let code = bare_code(&path);
            for call in calls {
                assert!(!code.contains(call), "{}: {call}", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 200, "{looked_at}");
}
