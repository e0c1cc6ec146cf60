//! A policy file, read or refused. What is wrong goes to stderr, in the form that editors and CI systems
//! understand.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use trilha_core::policy::Policy;

/// Reads the policy of `file`, or says why it is none.
///
/// # Errors
/// The exit status: 1 when the policy is wrong, 2 when the file cannot be read.
pub(crate) fn read(file: &Path) -> Result<Policy, u8> {
    let name = file.display();
    let bytes = read_bytes(file).map_err(|error| {
        say(io::stderr(), format_args!("{name}: cannot be read: {error}"));
        2
    })?;
    Policy::parse(bytes).map_err(|invalid| {
        for fault in invalid.faults() {
            let (line, column) = (fault.line(), fault.column());
            say(io::stderr(), format_args!("{name}:{line}:{column}: {}", fault.message()));
        }
        1
    })
}

/// Writes a line.
pub(crate) fn say(mut output: impl Write, message: impl Display) {
    // Where nobody reads, the exit status still tells.
    let _ = writeln!(output, "{message}");
}

/// No more than it takes to know that it is too long: a device has no end.
fn read_bytes(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(Policy::LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
