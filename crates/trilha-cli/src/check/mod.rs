//! `trilha check`: whether policy files are valid, and where they are not.
//!
//! It says nothing of whether a policy is wise, and reads no environment.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trilha_core::policy::Policy;

/// Check policy files, as TRILHA_POLICY names one to a service
///
/// Of a valid file it prints the digest, as `sha256sum` does, and how many keys and zones it
/// defines. What is wrong in the others is printed to stderr in the form FILE:LINE:COLUMN: KEY:
/// REASON, which editors and CI systems understand: all of it, unless the syntax is broken.
///
/// The exit status is 0 when all files are valid, 1 when one is not, and 2 when one cannot be read.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The policy files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

/// Checks every file, also after a wrong one.
pub(crate) fn run(args: &Args) -> ExitCode {
    ExitCode::from(args.files.iter().map(|file| check(file)).max().unwrap_or_default())
}

/// The exit status for one file.
fn check(file: &Path) -> u8 {
    let name = file.display();
    let bytes = match read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            say(io::stderr(), format_args!("{name}: cannot be read: {error}"));
            return 2;
        }
    };
    match Policy::parse(bytes) {
        Ok(policy) => {
            let (keys, zones) = (policy.keys().count(), policy.zones().count());
            let digest = policy.digest();
            say(io::stdout(), format_args!("{name}: ok, {digest}, {keys} key(s), {zones} zone(s)"));
            0
        }
        Err(invalid) => {
            for fault in invalid.faults() {
                let (line, column) = (fault.line(), fault.column());
                say(io::stderr(), format_args!("{name}:{line}:{column}: {}", fault.message()));
            }
            1
        }
    }
}

/// No more than it takes to know that it is too long: a device has no end.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(Policy::LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn say(mut output: impl Write, message: impl Display) {
    // Where nobody reads, the exit status still tells.
    let _ = writeln!(output, "{message}");
}
