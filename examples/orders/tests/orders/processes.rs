//! No process outlives the parent, and what is not there is named in one line.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::program::{orders, run};

#[test]
fn ctrl_c_leaves_neither_process_nor_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, children) = started(folder.path());
    // As a terminal does it: to all of them.
    signal("INT", &format!("-{}", parent.id()));
    assert_eq!(parent.wait().unwrap().code(), Some(130));
    assert_gone(&children);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_parent_that_is_asked_to_terminate_leaves_neither_process_nor_file() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, children) = started(folder.path());
    signal("TERM", &parent.id().to_string());
    assert_eq!(parent.wait().unwrap().code(), Some(130));
    assert_gone(&children);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_parent_that_is_killed_leaves_no_process() {
    let folder = tempfile::tempdir().unwrap();
    let (mut parent, children) = started(folder.path());
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_gone(&children);
}

#[test]
fn a_server_that_is_not_there_is_one_line() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (option, url) in [
        ("--database", format!("postgres://user:secret@{address}/orders")),
        ("--database", format!("mysql://user:secret@{address}/orders")),
        ("--database", "sqlite:/no/such/folder/orders.db".to_owned()),
        ("--broker", format!("kafka://{address}")),
        ("--broker", format!("amqp://user:secret@{address}/%2f")),
        ("--otlp", format!("http://{address}")),
    ] {
        let run = run(&[option, &url]);
        assert_eq!(run.status, Some(2), "{option} {url}: {run:?}");
        assert!(run.stderr.starts_with(&format!("orders: {option}: ")), "{url}: {run:?}");
        assert_eq!(run.stderr.lines().count(), 1, "{url}: {run:?}");
        assert!(!run.stderr.contains("secret"), "{run:?}");
    }
}

#[test]
fn a_file_of_somebodys_own_is_neither_used_nor_removed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let run = run(&["--database", &format!("sqlite:{}", file.path().display())]);
    assert_eq!(run.status, Some(2), "{run:?}");
    assert!(run.stderr.contains("File exists"), "{run:?}");
    assert!(file.path().exists());
}

/// A parent in the middle of its work, and its four children.
fn started(folder: &Path) -> (Child, Vec<u32>) {
    let mut command = orders(&["--orders", "5000"]);
    command.env("TMPDIR", folder).process_group(0).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut parent = command.spawn().unwrap();
    let mut lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("are up"));
    // Somebody has to read on, or the parent would wait.
    thread::spawn(move || lines.for_each(drop));
    let children: Vec<u32> =
        pids().filter(|pid| stat(*pid).is_some_and(|(_, ppid)| ppid == parent.id())).collect();
    assert_eq!(children.len(), 4);
    (parent, children)
}

#[track_caller]
fn assert_gone(pids: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let runs = |pid: &u32| stat(*pid).is_some_and(|(state, _)| state != 'Z');
    while pids.iter().any(runs) {
        assert!(Instant::now() < deadline, "a child of {pids:?} survives");
        thread::sleep(Duration::from_millis(20));
    }
}

fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args(["-s", name, "--", pid]).status().unwrap().success());
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
}

/// State and parent of a process.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
