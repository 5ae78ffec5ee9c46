//! How long a durable record takes, alone and in company. What is measured is mostly the disk's sync.
//!
//! `cargo bench -p aegis-audit`

use aegis_testkit::{Append as _, Case, Place};
use divan::{Bencher, counter::ItemsCount};

fn main() {
    divan::main();
}

#[divan::bench(args = [1, 10, 1000])]
fn append(bencher: Bencher<'_, '_>, events: usize) {
    let place = Place::new();
    let mut trail = place.open();
    let case = Case::new(r#"{"type":"read","target":"crm","params":{"id":7}}"#).number(1);
    let batch = vec![case.decided(); events];
    bencher.counter(ItemsCount::new(events)).bench_local(|| trail.append(&batch));
}
