//! How many rows a second are verified, alone and beside other checks.
//!
//! `cargo bench -p aegis-audit --bench verify`

use aegis_ledger::answer::ResultStatus;
use aegis_testkit::{Case, Place, append_cases};
use divan::{Bencher, counter::ItemsCount};

/// How many decisions the log has; half of them ended.
const DECISIONS: usize = 100_000;

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn verify(bencher: Bencher<'_, '_>) {
    let place = Place::new();
    let case = Case::new(r#"{"type":"read","target":"crm","params":{"id":7},"agent":"bot"}"#);
    let session = |number: usize| format!("session-{}", number / 1000);
    let cases = (0..DECISIONS).map(|number| case.clone().number(number).session(&session(number)));
    append_cases(&mut place.open(), cases, |number, case| {
        let ended = (number % 2 == 0).then(|| case.ended(ResultStatus::Success, None));
        [case.decided()].into_iter().chain(ended).collect()
    });
    let reader = place.read();
    bencher.counter(ItemsCount::new(DECISIONS * 3 / 2)).bench_local(|| {
        let found = reader.verify(Vec::new(), |_, _| {}).unwrap_or_else(|_| std::process::abort());
        assert!(found.is_sound());
    });
}
