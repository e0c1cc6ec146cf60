//! Traces on stdout, as trees or as JSON lines, and the counts of what was shown.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use trilha_testing::Trace;

use super::args::{Args, Color};
use super::pending::Shown;

#[derive(Debug)]
pub(super) struct Output<'a, W> {
    args: &'a Args,
    color: bool,
    writer: W,
    summary: Summary,
}

impl<'a, W: Write + IsTerminal> Output<'a, W> {
    pub(super) fn new(args: &'a Args, writer: W) -> Self {
        let color = match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
                writer.is_terminal() && !is_set("NO_COLOR")
            }
        };
        Self { args, color, writer, summary: Summary::default() }
    }
}

impl<W: Write> Output<'_, W> {
    /// Whether the filters let a trace pass.
    pub(super) fn wants(&self, trace: &Trace) -> bool {
        let services = &self.args.services;
        let is_of_service = services.is_empty()
            || trace.spans().iter().any(|span| services.iter().any(|name| name == span.service()));
        let grep = self.args.grep.as_deref();
        is_of_service && grep.is_none_or(|text| trace.find_text(text).is_some())
    }

    /// Shows a trace of which something may have been shown before.
    pub(super) fn show(&mut self, trace: &Trace, before: Shown) -> io::Result<()> {
        self.summary.add(trace, before);
        let (is_updated, is_whole) = (before.times > 0, trace.is_whole());
        if self.args.json {
            let state = if is_whole { "complete" } else { "incomplete" };
            let mut json = trace.to_json();
            if let Value::Object(fields) = &mut json {
                fields.insert("state".to_owned(), state.into());
                fields.insert("updated".to_owned(), is_updated.into());
                fields.remove("whole");
            }
            writeln!(self.writer, "{json}")?;
        } else {
            let note = match (is_updated, is_whole) {
                (false, true) => "",
                (false, false) => "INCOMPLETE",
                (true, true) => "UPDATED",
                (true, false) => "UPDATED INCOMPLETE",
            };
            let tree = trace.tree().slow(self.args.slow).events(self.args.events);
            writeln!(self.writer, "{}", tree.color(self.color).note(note))?;
        }
        self.writer.flush()
    }

    /// What was shown so far, in a line.
    pub(super) fn summary(&self) -> &Summary {
        &self.summary
    }
}

/// Counts of what was shown, each span once, however often its trace was.
#[derive(Debug, Default)]
pub(super) struct Summary {
    traces: usize,
    spans: usize,
    errors: usize,
}

impl Summary {
    fn add(&mut self, trace: &Trace, before: Shown) {
        let spans = trace.spans();
        let errors = spans.iter().filter(|span| span.is_failed()).count();
        self.traces += usize::from(before.times == 0);
        self.spans += spans.len().saturating_sub(before.spans);
        self.errors += errors.saturating_sub(before.errors);
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { traces, spans, errors } = self;
        write!(f, "{traces} trace(s), {spans} span(s), {errors} error(s)")
    }
}
