//! `trilha schema`, as a person runs it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::process::{Command, Stdio};

fn schema(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_trilha")).arg("schema").args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_schema_is_a_table_by_default() {
    let table = schema(&[]);
    let tenant: Vec<_> = table.lines().filter(|line| line.starts_with("tenant ")).collect();
    let columns: Vec<_> = tenant.concat().split_whitespace().map(str::to_owned).collect();
    assert_eq!(columns[..6], ["tenant", "string", "identifier", "128", "1,000", "none"]);
}

#[test]
fn each_format_is_printed() {
    for (format, sign) in [
        ("table", "Events of spans\n"),
        ("markdown", "| `tenant` | string |"),
        ("registry", "  - id: registry.trilha\n    type: attribute_group\n"),
        ("collector", "  redaction/trilha_traces:\n    allow_all_keys: false\n"),
    ] {
        assert!(schema(&["--format", format]).contains(sign), "{format}");
    }
}

#[test]
fn a_policy_adds_its_keys_and_narrows_others() {
    let folder = tempfile::tempdir().unwrap();
    let (policy, wrong) = (folder.path().join("policy.toml"), folder.path().join("wrong.toml"));
    let keys =
        "[keys.sales_channel]\nmeaning = 'Where the order came from'\npii = 'none'\ntravels = ['span']\n";
    std::fs::write(&policy, format!("version = 1\n{keys}[keys.tenant]\nmax_length = 32\n")).unwrap();
    std::fs::write(&wrong, "version = 2\n").unwrap();
    let table = schema(&["--policy", policy.to_str().unwrap()]);
    let columns = |key: &str| {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap();
        line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(columns("sales_channel")[..2], ["sales_channel", "string"]);
    assert_eq!(columns("tenant")[3], "32");

    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    let output = command.args(["schema", "--policy"]).arg(&wrong).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("wrong.toml:1:"));
}

#[test]
fn a_format_that_does_not_exist_is_an_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    let status = command.args(["schema", "--format", "xml"]).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}
