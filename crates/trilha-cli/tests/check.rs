//! `trilha check` as a process: what it prints, and its exit status.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const VALID: &str = "version = 1
[zones.dmz]
meaning = 'Takes the partners requests in'
edge = true
[keys.sales_channel]
meaning = 'Where the order came from'
pii = 'none'
travels = ['span']
[keys.tenant]
travels = ['span']
";

#[test]
fn a_valid_file_is_told_with_its_digest() {
    let folder = folder(&[("policy.toml", VALID.as_bytes())]);
    let (status, stdout, stderr) = check(folder.path(), &["policy.toml"]);
    // As `sha256sum policy.toml` prints it.
    let digest = "3bbe30017a7070e7630c88446a4b8e2c2c3d495252ef69c93f2505be6b601802";
    assert_eq!(stdout, format!("policy.toml: ok, sha256:{digest}, 2 key(s), 1 zone(s)\n"));
    assert_eq!((status, stderr.as_str()), (0, ""));
}

#[test]
fn every_fault_of_every_file_has_its_place() {
    let wrong = "version = 1\n[trust]\npeers = ['::1', '10.0.0.0/33']\nedge = 1\n";
    let files =
        [("a.toml", wrong.as_bytes()), ("b.toml", VALID.as_bytes()), ("c.toml", b"version = 1\n# \xFF")];
    let folder = folder(&files);
    let (status, stdout, stderr) = check(folder.path(), &["a.toml", "b.toml", "c.toml"]);
    assert_eq!(
        stderr.lines().collect::<Vec<_>>(),
        [
            "a.toml:3:17: trust.peers: expected an address or a range such as 10.0.0.0/8 or ::1",
            "a.toml:4:8: trust.edge: expected a string, not integer",
            "c.toml:2:3: not UTF-8",
        ]
    );
    assert!(stdout.starts_with("b.toml: ok, sha256:"), "{stdout}");
    assert_eq!(status, 1);
}

#[test]
fn a_file_that_cannot_be_read_does_not_hide_the_others() {
    let folder = folder(&[("wrong.toml", b"")]);
    let (status, stdout, stderr) = check(folder.path(), &["none.toml", ".", "wrong.toml"]);
    let lines: Vec<_> = stderr.lines().collect();
    assert!(lines[0].starts_with("none.toml: cannot be read: "), "{stderr}");
    assert!(lines[1].starts_with(".: cannot be read: "), "{stderr}");
    assert_eq!(lines[2..], ["wrong.toml:1:1: version: is missing"]);
    assert_eq!((status, stdout.as_str()), (2, ""));
}

#[test]
fn a_file_must_be_named() {
    let folder = folder(&[]);
    let (status, _, stderr) = check(folder.path(), &[]);
    assert_eq!(status, 2);
    assert!(stderr.contains("<FILE>"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn a_device_without_end_is_refused() {
    let folder = folder(&[]);
    let (status, _, stderr) = check(folder.path(), &["/dev/zero"]);
    assert_eq!((status, stderr.as_str()), (1, "/dev/zero:1:1: longer than 1 MiB\n"));
}

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

/// Exit status, stdout and stderr.
fn check(folder: &Path, files: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    let output = command.current_dir(folder).arg("check").args(files).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}
