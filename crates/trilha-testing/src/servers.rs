//! Real servers that a test may need: named by the environment, and never skipped in silence.

use std::{
    env,
    io::{Write, stderr},
};

/// The address in `variable`, such as `TRILHA_TEST_POSTGRES_URL`.
///
/// Without it the test cannot run: it says so on standard error and gets `None`.
///
/// # Panics
/// Without it, where `TRILHA_TEST_REQUIRE_SERVERS` is set, as `scripts/test` does: there, no test is
/// skipped.
#[track_caller]
pub fn server(variable: &str) -> Option<String> {
    if let Ok(address) = env::var(variable) {
        return Some(address);
    }
    if env::var_os("TRILHA_TEST_REQUIRE_SERVERS").is_some() {
        panic!("{variable} is not set, and no test may be skipped");
    }
    // Not captured by the test harness, as printing is.
    let caller = std::panic::Location::caller();
    let _ = writeln!(stderr(), "SKIPPED: {}:{} needs {variable}", caller.file(), caller.line());
    None
}
