//! `trilha redact` as a process: one line out for each line in, what is left of it, and why.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
};

use serde_json::{Value, json};
use tempfile::TempDir;

const MAIL: &str = "ana@example.com";

#[test]
fn a_line_comes_out_as_the_message_of_a_log_line() {
    assert_eq!(redact(&[], "paid by ana@example.com today\n"), "paid by [redacted:email] today\n");
    assert_eq!(redact(&["--strict"], "paid by ana@example.com\n"), "paid by [redacted:email]\n");
}

#[test]
fn each_line_in_is_one_line_out_whatever_it_holds() {
    let same = "a\n\n \r\n\r\nb\rc\n\0\n\u{2028}\u{85}x\u{b}\n\u{feff}[\n{]\n\"a\"\n7\nend";
    assert_eq!(redact(&[], same), same);
    assert_eq!(redact(&[], ""), "");
    let output = run(&[], b"a\xff ana@example.com\xfe\r\n\xc3\n\xff");
    assert_eq!(
        output.stdout,
        "a\u{fffd} [redacted:email] \u{fffd}\r\n".replace(" \u{fffd}", "\u{fffd}") + "\u{fffd}\n\u{fffd}"
    );
}

#[test]
fn what_may_not_leave_at_all_is_an_empty_line() {
    let dropped = &["--exit", "status", "--strict"];
    assert_eq!(redact(dropped, "it failed\r\nagain\nlast"), "\r\n\n\n");
}

#[test]
fn a_line_without_end_is_left_empty_and_the_next_one_is_judged() {
    let long = vec![b'x'; 3 << 20];
    let output = run(&["--explain"], &[long.as_slice(), b"\nby ana@example.com\n"].concat());
    assert_eq!(output.stdout, "\nby [redacted:email]\n");
    let said = "trilha: line 1 is longer than 1 MiB: nothing of it is printed\n\
                2:4 - email replace: an e-mail address\n";
    assert_eq!((output.status, output.stderr.as_str()), (1, said));
    assert_eq!(run(&[], &long).stdout, "\n");
}

#[test]
fn json_keeps_its_shape_and_what_is_not_hidden_is_as_it_was_written() {
    let line = r#" { "b" : 1.50E+3, "a":[ -0, "\u0061\/b", {"to": "ana@example.com"} ],"a":true, "n":null}	"#;
    let left = line.replace(MAIL, "[redacted:email]");
    assert_eq!(redact(&[], &format!("{line}\r\n")), format!("{left}\r\n"));
    assert_eq!(redact(&[], r#"[{},["ana@example.com"]]"#), r#"[{},["[redacted:email]"]]"#);
    let escaped = r#"{"to":"say \"ana\u0040example.com\" \n"}"#;
    assert_eq!(redact(&[], escaped), r#"{"to":"say \"[redacted:email]\" \n"}"#);
}

#[test]
fn a_key_hides_what_is_under_it_however_deep() {
    let line = r#"{"password":1,"x":{"password":[true,null,{"a":"b","c":[0.5]}],"d":"e"},"f":["g"]}"#;
    let left = r#"{"password":"[redacted:key]","x":{"password":["[redacted:key]",null,{"a":"[redacted:key]","c":["[redacted:key]"]}],"d":"e"},"f":["g"]}"#;
    assert_eq!(redact(&[], line), left);
}

#[test]
fn what_may_not_leave_is_null_in_json() {
    let line = r#"{"tenant":"acme","free":"text","n":7,"of":["free",1],"user.id":5}"#;
    let left = r#"{"tenant":"acme","free":null,"n":7,"of":[null,1],"user.id":null}"#;
    assert_eq!(redact(&["--strict"], line), left);
}

#[test]
fn a_key_that_holds_something_is_hidden_with_what_is_under_it() {
    let line = r#"{"ana@example.com":{"age":3},"b":1}"#;
    let output = run(&["--explain"], line.as_bytes());
    assert_eq!(output.stdout, r#"{"[redacted]":{"age":null},"b":1}"#);
    assert!(output.stderr.starts_with(r#"1:27 $["[redacted]"].age key drop: "#), "{}", output.stderr);
    let long = format!(r#"{{"{}":"x"}}"#, "k".repeat(2_000));
    assert_eq!(redact(&[], &long), r#"{"[redacted]":null}"#);
}

#[test]
fn text_says_that_json_is_none() {
    let line = r#"{"tenant":"ana@example.com","n":1}"#;
    assert_eq!(redact(&["--text", "--strict"], line), line.replace(MAIL, "[redacted:email]"));
    assert_eq!(redact(&["--strict"], r#"["free"]"#), "[null]");
    let text = r#"[main] INFO by "free" {}"#;
    assert_eq!(redact(&["--strict"], text), text);
}

#[test]
fn an_explanation_names_place_detector_and_action_and_no_value() {
    let lines = "\u{e9}\u{e9} ana@example.com\nnothing\n\
                 {\"user\":{\"note\":\"é\",\"to\":\"ana@example.com\"}}\n\
                 {\"é\":1,\"items\":[0,{\"note\":\"x\"},{\"note\":\"by ana@example.com\"}],\"a.b\":{\"password\":7}}\n";
    let output = run(&["--explain"], lines.as_bytes());
    assert_eq!(
        output.stderr.lines().collect::<Vec<_>>(),
        [
            "1:4 - email replace: an e-mail address",
            "3:26 $.user.to email replace: an e-mail address",
            "4:40 $.items[2].note email replace: an e-mail address",
            "4:81 $[\"a.b\"].password key replace: its key says so: by its name, by a rule, or since it holds something itself",
        ]
    );
    assert_eq!(output.status, 0);
    assert!(!output.stderr.contains("ana"));
    assert_eq!(run(&[], lines.as_bytes()).stderr, "");
}

#[test]
fn a_policy_is_obeyed_also_in_a_dry_run() {
    let folder = tempfile::tempdir().unwrap();
    let policy = policy(
        &folder,
        "version = 1
        [guard]
        dry_run = true
        value_bytes = 64
        [guard.keys.note]
        action = 'drop'
        [guard.exits]
        event_name = 'drop'
        [guard.patterns.customer]
        regex = '\\bC[0-9]{4}\\b'
        ",
    );
    let lines = format!("for C1234\n{{\"note\":\"x\"}}\n{}\n", "- ".repeat(40));
    let output = run(&["--policy", &policy, "--explain"], lines.as_bytes());
    let left = format!("for [redacted:customer]\n{{\"note\":null}}\n{}\n", "- ".repeat(32));
    assert_eq!(output.stdout, left);
    let said = "1:5 - customer replace: a detector of the platform's own\n\
                2:9 $.note key drop: its key says so: by its name, by a rule, or since it holds something itself\n\
                3:1 - - cut: it is longer than the rules allow\n";
    assert_eq!(output.stderr, said);
    assert_eq!(redact(&["--policy", &policy, "--exit", "event_name"], "for C1234\n"), "\n");
}

#[test]
fn a_wrong_policy_is_told_as_check_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let policy = policy(&folder, "version = 1\n[guard]\nmode = 'lax'\n");
    let output = run(&["--policy", &policy], b"by ana@example.com\n");
    assert_eq!((output.status, output.stdout.as_str()), (1, ""));
    let check = trilha("check", &[&policy]).output().unwrap();
    assert_eq!(output.stderr.as_bytes(), check.stderr);
    assert_eq!(run(&["--policy", "none.toml"], b"").status, 2);
    assert_eq!(run(&["--exit", "window"], b"").status, 2);
}

#[test]
fn a_hash_needs_the_key_of_a_service() {
    let folder = tempfile::tempdir().unwrap();
    let policy = policy(&folder, "version = 1\n[guard.detectors]\nemail = 'hash'\n");
    let hashed = |key: &str| {
        let mut command = trilha("redact", &["--policy", &policy]);
        finish(command.env("TRILHA_HASH_KEY", key).spawn().unwrap(), b"ana@example.com\n")
    };
    let (one, other) = (hashed("0123456789abcdef"), hashed("0123456789abcdeg"));
    assert!(one.stdout.starts_with("[hash:") && one.stdout.ends_with("]\n"), "{}", one.stdout);
    assert_ne!(one.stdout, other.stdout);
    assert_eq!(hashed(" 0123456789abcdef ").stdout, one.stdout, "white space around it does not count");
    for wrong in ["", "swordfish"] {
        let output = hashed(wrong);
        assert_eq!((output.status, output.stdout.as_str()), (2, ""));
        assert!(output.stderr.contains("TRILHA_HASH_KEY"), "{}", output.stderr);
        assert!(wrong.is_empty() || !output.stderr.contains(wrong), "{}", output.stderr);
    }
}

#[test]
fn hostile_json_is_one_line_too() {
    let deep = 100_000;
    let nested = format!("{}\"ana@example.com\"{}", "[".repeat(deep), "]".repeat(deep));
    assert_eq!(redact(&[], &nested), nested.replace(MAIL, "[redacted:email]"));
    let output = run(&["--explain"], nested.as_bytes());
    assert!(output.stderr.starts_with("1:100001 $…[0][0]"), "{}", output.stderr);
    assert!(output.stderr.len() < 200);
    let objects = format!("{}1{}", r#"{"a":"#.repeat(deep), "}".repeat(deep));
    assert_eq!(redact(&[], &objects), objects);
    let open = "[".repeat(deep);
    assert_eq!(redact(&["--strict"], &open).len(), 16 * 1_024, "it is text, and long");
    let huge = format!(
        r#"{{"n":{},"e":1e999999999,"s":"\ud800","t":"\udc00x ana@example.com"}}"#,
        "9".repeat(40_000)
    );
    let left = redact(&[], &huge);
    assert!(left.starts_with(&huge[..huge.len() - 40]), "{}", &left[left.len() - 60..]);
    assert!(!left.contains("ana") && left.ends_with("\"}"), "{}", &left[left.len() - 60..]);
    let mark = "\u{feff}{\"to\":\"ana@example.com\"}";
    assert_eq!(redact(&["--strict"], mark), "\u{feff}{\"to\":null}");
}

#[test]
fn what_comes_out_is_json_with_the_same_shape() {
    let line = json!({
        "time": "2026-01-02T03:04:05Z", "level": "INFO", "": "", "message": "by ana@example.com",
        "fields": {"password": {"old": "\"", "new": ["\\", 1.5, {}]}, "\u{1b}\n": "\t ana@example.com", "l": [[], [[""]]]},
    });
    let left: Value = serde_json::from_str(&redact(&["--strict"], &line.to_string())).unwrap();
    assert_eq!(shape(&left), shape(&line));
    let left: Value = serde_json::from_str(&redact(&[], &line.to_string())).unwrap();
    assert_eq!(shape(&left), shape(&line));
    assert_eq!(left["fields"]["\u{1b}\n"], "\t [redacted:email]");
}

#[test]
fn lines_come_out_before_the_input_ends() {
    let mut child = trilha("redact", &[]).spawn().unwrap();
    let (mut input, mut output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for line in ["by ana@example.com\n", "{\"a\":1}\n"] {
        input.write_all(line.as_bytes()).unwrap();
        let expected = line.replace(MAIL, "[redacted:email]");
        let mut left = vec![0; expected.len()];
        output.read_exact(&mut left).unwrap();
        assert_eq!(left, expected.as_bytes());
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = trilha("redact", &[]).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(finish(child, &b"line\n".repeat(100_000)).status, 0);
}

/// Keys and nesting; every string, number and bool is alike.
fn shape(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(shape).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        _ => Value::Null,
    }
}

struct Output {
    status: i32,
    stdout: String,
    stderr: String,
}

/// What is left of `lines`, of which all can be judged.
fn redact(arguments: &[&str], lines: &str) -> String {
    let output = run(arguments, lines.as_bytes());
    assert_eq!((output.status, output.stderr.as_str()), (0, ""));
    output.stdout
}

fn run(arguments: &[&str], input: &[u8]) -> Output {
    finish(trilha("redact", arguments).spawn().unwrap(), input)
}

/// Input is written beside, since a pipe that is full waits for its reader.
fn finish(mut child: Child, input: &[u8]) -> Output {
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // It may end without reading all.
    let writer = thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { status: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn trilha(subcommand: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trilha"));
    command.arg(subcommand).args(arguments).env_remove("TRILHA_HASH_KEY");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The path of a policy file.
fn policy(folder: &TempDir, content: &str) -> String {
    let path = folder.path().join("policy.toml");
    std::fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}
