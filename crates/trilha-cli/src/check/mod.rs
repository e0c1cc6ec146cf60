//! `trilha check`: whether policy files are valid, and where they are not.
//!
//! It says nothing of whether a policy is wise, and reads no environment.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::policy_file::{self, say};

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
    let policy = match policy_file::read(file) {
        Ok(policy) => policy,
        Err(status) => return status,
    };
    let (name, digest) = (file.display(), policy.digest());
    let (keys, zones) = (policy.keys().count(), policy.zones().count());
    say(io::stdout(), format_args!("{name}: ok, {digest}, {keys} key(s), {zones} zone(s)"));
    0
}
