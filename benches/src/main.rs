//! Runs one stack of instrumentation for a number of bursts, so that something outside can count the
//! instructions; or the receiver that it sends to. It measures nothing itself: `compare.py` does.
//!
//! Which mode a stack runs in is said by OpenTelemetry's own environment variables
//! (`OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`, `OTEL_EXPORTER_OTLP_ENDPOINT`, …), as all stacks read them.

mod burst;
mod guard;
mod propagation;
mod requests;
mod sink;
mod spans;
mod stack;

use std::{
    env,
    error::Error,
    io::{self, Write},
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: trilha-benches sink | run STACK BURSTS";

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sink"] => sink::serve(),
        ["run", stack, bursts] => run(stack, bursts.parse()?),
        _ => Err(USAGE.into()),
    }
}

/// Prints how many operations were run, and how many spans they have.
fn run(stack: &str, bursts: u64) -> Result<()> {
    let mut burst = stack::by_name(stack)?;
    for _ in 0..bursts {
        burst.run()?;
    }
    let operations = bursts * burst.operations;
    writeln!(io::stdout(), "{operations} {}", operations * burst.spans)?;
    Ok(())
}
