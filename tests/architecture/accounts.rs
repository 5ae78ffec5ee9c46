//! The C library's account look-ups load whatever modules the configuration of the machine names: accounts
//! come from `aegis_audit::trust::Accounts`.

use super::FLOORS;
use super::sources::{bare_code, files_below};

#[test]
fn no_source_asks_the_name_service() {
    let mut looked_at = 0;
    for (name, _) in FLOORS {
        for path in files_below(&format!("crates/{name}/src")) {
            let code = bare_code(&path);
            for call in ["User::from_", "Group::from_", "getgrouplist", "ToSocketAddrs", "home_dir("] {
                assert!(!code.contains(call), "{}: {call}", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 200, "{looked_at}");
}
