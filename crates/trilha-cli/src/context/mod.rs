//! `trilha context`: explains the headers of a trace, and says why one would be refused.
//!
//! It has no rules of its own: the codecs and the schema are the core's, and what a service would do is seen by
//! letting one do it.

mod explain;
mod fields;
mod report;
mod verdict;

use std::{
    ffi::OsString,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use self::fields::Fields;
use crate::terminal::fail;

/// Explain the headers of a trace, and why one would be refused
///
/// Each header is told field by field, then what a service without a policy would do with all of them
/// together. A value alone is recognised by its form. The status is 0 when all is valid, and 1 when a service
/// would refuse something.
///
/// Known are traceparent, tracestate, baggage, B3 (b3, x-b3-traceid…), X-Trace-ID, X-Span-ID and
/// X-Parent-ID with the message properties trace_id, span_id and parent_id, correlation ids, the
/// environment's TRACEPARENT=, TRACESTATE= and BAGGAGE=, and Server-Timing, by which an answer names its trace.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A header as `name: value`, or its value alone; `-` reads lines from stdin, also what curl -v says
    #[arg(value_name = "HEADER", required = true)]
    headers: Vec<OsString>,
}

/// Prints the explanation.
pub(crate) fn run(args: &Args) -> ExitCode {
    let fields = match Fields::read(&args.headers, io::stdin()) {
        Ok(fields) => fields,
        Err(error) => return fail(&error, 2),
    };
    let sections = explain::all(&fields);
    let verdicts = verdict::all(&fields);
    let mut output = io::stdout().lock();
    let printed = sections.iter().chain(&verdicts).try_for_each(|section| writeln!(output, "{section}"));
    match printed {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => fail(&format!("cannot go on: {error}"), 2),
        _ => ExitCode::from(u8::from(sections.iter().any(|section| section.is_refused()))),
    }
}
