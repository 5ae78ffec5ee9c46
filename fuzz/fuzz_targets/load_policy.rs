//! Whatever bytes are loaded as a policy: no panic, every finding at a place within the text, and a policy
//! that loads decides.
#![no_main]

use aegis_engine::{Action, Severity, Source, lint, load};
use chrono::{DateTime, Utc};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let sources = [Source { text }];
    let loaded = load(&sources);
    let errors = loaded.diagnostics.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(loaded.policy.is_none(), errors);
    for found in loaded.diagnostics.iter().chain(&lint(&loaded, &sources)) {
        assert!(found.primary.span.range().end <= text.len().max(found.primary.span.range().start));
    }
    if let Some(policy) = &loaded.policy {
        let action = Action::from_json(br#"{"type":"read","target":"crm","params":{"count":1,"a":[{"b":"c"}]}}"#).unwrap();
        let _ = policy.decide(&action, DateTime::<Utc>::UNIX_EPOCH);
        let _ = policy.explain(&action, DateTime::<Utc>::UNIX_EPOCH);
    }
});
