//! Both stores do what every store must.

use aegis_audit::sqlite::SqliteStore;
use aegis_audit::store::Snapshot;
use aegis_testkit::{MemoryStore, PATIENCE, Place, StorePlace, store_suite};

struct OnDisk(Place);

impl StorePlace for OnDisk {
    type Store = SqliteStore;

    fn new() -> OnDisk {
        OnDisk(Place::new())
    }

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.0.log, PATIENCE).unwrap()
    }

    fn look<T>(&self, look: impl FnOnce(&dyn Snapshot) -> T) -> T {
        look(&self.0.read())
    }
}

struct InMemory(MemoryStore);

impl StorePlace for InMemory {
    type Store = MemoryStore;

    fn new() -> InMemory {
        use std::sync::atomic::{AtomicU8, Ordering};
        static LOGS: AtomicU8 = AtomicU8::new(0);
        InMemory(MemoryStore::new(LOGS.fetch_add(1, Ordering::Relaxed)))
    }

    fn open(&self) -> MemoryStore {
        self.0.clone()
    }

    fn look<T>(&self, look: impl FnOnce(&dyn Snapshot) -> T) -> T {
        look(&self.0.snapshot())
    }
}

#[test]
fn sqlite_passes_the_store_suite() {
    store_suite::<OnDisk>();
}

#[test]
fn memory_passes_the_store_suite() {
    store_suite::<InMemory>();
}
