//! The program, run.

use std::{
    env,
    process::{Command, Output, Stdio},
};

/// The program, ready to run. What this shell says of telemetry is not for it.
pub(crate) fn orders(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orders"));
    command.args(args).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if ["OTEL_", "TRILHA_", "RUST_LOG"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// What a run said, and how it ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

pub(crate) fn run(args: &[&str]) -> Run {
    Run::of(orders(args))
}

impl Run {
    pub(crate) fn of(mut command: Command) -> Self {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Self {
            status: status.code(),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, Some(0), "{}\n{}", self.stdout, self.stderr);
        self
    }

    /// What is wrong, in the program's own words.
    pub(crate) fn complaints(&self) -> Vec<&str> {
        self.stderr.lines().filter_map(|line| line.strip_prefix("orders: ")).collect()
    }
}
