//! Words of the command line stand in the command alone: a library says what is wrong and what would help,
//! not by which flag.

use super::FLOORS;
use super::sources::{files_below, strings};

#[test]
fn no_library_speaks_of_flags_or_commands() {
    let mut looked_at = 0;
    for (name, _) in FLOORS.into_iter().filter(|floor| floor.0 != "aegis-cli") {
        for path in files_below(&format!("crates/{name}/src")) {
            for string in strings(&path) {
                looked_at += 1;
                let flag = string.match_indices("--").find(|(at, _)| {
                    let before = string[..*at].chars().next_back();
                    let after = string[at + 2..].chars().next();
                    before != Some('-') && after.is_some_and(char::is_alphabetic)
                });
                assert!(flag.is_none(), "{}: {string}", path.display());
                assert!(!string.contains("`aegis "), "{}: {string}", path.display());
            }
        }
    }
    assert!(looked_at > 3000, "{looked_at}");
}
