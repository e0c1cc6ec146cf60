//! The examples of `PRIVACY.md` and of the README: `trilha redact` says what is printed there.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

const PRIVACY: &str = include_str!("../../../PRIVACY.md");
const README: &str = include_str!("../../../README.md");

#[test]
fn the_examples_of_the_documents_are_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("policy.toml"), blocks(PRIVACY, "toml").next().unwrap()).unwrap();
    let mut examples = 0;
    for document in [PRIVACY, README] {
        let mut key = None;
        for example in blocks(document, "console").flat_map(|block| block.split("$ ")) {
            let (command, printed) = example.split_once('\n').unwrap_or_default();
            if let Some(value) = command.strip_prefix("export TRILHA_HASH_KEY=") {
                key = Some(value.trim_matches('\''));
            }
            let Some((line, arguments)) = command.split_once(" | trilha redact") else { continue };
            let line = line.strip_prefix("echo '").and_then(|line| line.strip_suffix('\'')).unwrap();
            let mut trilha = Command::new(env!("CARGO_BIN_EXE_trilha"));
            trilha.current_dir(folder.path()).arg("redact").args(arguments.split_whitespace());
            trilha.env_remove("TRILHA_HASH_KEY").envs(key.map(|key| ("TRILHA_HASH_KEY", key)));
            trilha.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = trilha.spawn().unwrap();
            writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(said, printed, "{command}");
            examples += 1;
        }
    }
    assert_eq!(examples, 6, "each one is tried");
}

/// The fenced blocks of a language.
fn blocks<'d>(document: &'d str, language: &str) -> impl Iterator<Item = &'d str> {
    let start = format!("\n```{language}\n");
    let starts = document.match_indices(&start).map(|(at, start)| at + start.len()).collect::<Vec<_>>();
    starts.into_iter().filter_map(|at| document.get(at..)?.split("```").next())
}
