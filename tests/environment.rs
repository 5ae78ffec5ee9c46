//! The program under test, named once: only the integration tests of its crate are told where cargo built it.

/// The built `aegis`.
pub(crate) struct Aegis;

impl aegis_testkit::Program for Aegis {
    const PATH: &'static str = env!("CARGO_BIN_EXE_aegis");
}

/// A private world in which that program runs.
pub(crate) type TestEnvironment = aegis_testkit::TestEnvironment<Aegis>;
