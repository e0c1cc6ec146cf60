//! All that is measured, as one program: a stack of instrumentation for a number of bursts, or under a flood; ours
//! under load and faults; the receiver that they send to. Instructions and time are counted from outside, by
//! `compare.py`.
//!
//! Which mode a stack runs in is said by OpenTelemetry's own environment variables
//! (`OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`, `OTEL_EXPORTER_OTLP_ENDPOINT`, …), as all stacks read them.

mod burst;
mod guard;
mod propagation;
mod requests;
mod sink;
mod soak;
mod spans;
mod stack;

use std::{
    env,
    error::Error,
    fs,
    io::{self, Write},
    time::Duration,
};

/// A failure ends the program: nobody reads on.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: trilha-benches sink | run STACK BURSTS | flood STACK SPANS | soak SECONDS";

/// The program. It is built twice: with the system's allocator, and with mimalloc.
///
/// # Errors
/// What the stack that was asked for said, or how the program is called.
pub fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["sink"] => sink::serve(),
        ["run", stack, bursts] => run(stack, bursts.parse()?),
        ["soak", seconds] => soak::run(Duration::from_secs(seconds.parse()?)),
        ["soak-receiver", protocol] => soak::serve(protocol),
        ["flood", stack, spans] => flood(stack, spans.parse()?),
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

/// One burst that is larger than any batch, and may lose spans. Prints how many were made, and how much memory it
/// took at most, in KiB.
fn flood(stack: &str, spans: u64) -> Result<()> {
    let mut burst = stack::by_name(stack)?;
    burst.run()?; // what is made once is made
    let (before, operations) = (memory("VmRSS")?, spans.div_ceil(burst.spans));
    let _ = burst.run_of(operations); // the flush may tell of the loss, which the sink sees
    let took = memory("VmHWM")?.saturating_sub(before);
    writeln!(io::stdout(), "{} {took}", (burst.operations + operations) * burst.spans)?;
    Ok(())
}

/// A line of what the system knows of this process's memory, in KiB.
fn memory(line: &str) -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let value = status.lines().find_map(|known| known.strip_prefix(line)?.split_whitespace().nth(1));
    Ok(value.ok_or("the system does not say how much memory is used")?.parse()?)
}
