//! A trace printed as a tree, for a terminal or a test's message.
//!
//! Safe for spans of strangers: control characters and what else could steer a terminal are
//! escaped, long texts cut, deep trees not indented without end. It writes text and nothing else;
//! where it goes is the caller's.

mod layout;
mod line;
mod text;

use std::fmt;
use std::time::Duration;

use self::layout::{Guides, Row, rows};
use self::line::Line;
use self::text::{Ink, Paint};
use crate::trace::{Shape, Trace};

/// A trace as a tree, to be written with `{}`.
///
/// A line has the service, the kind, the name, the duration, the status (nothing where it is
/// unset), and the schema's values, of the span or else of its resource. Links stand below their
/// span. Spans whose parent has not arrived stand under a line that names it, so that one sees
/// where the trace is broken.
///
/// ```text
/// trace 4bf92f3577b34da6a3ce929d0e0e4736  3 spans  2 services  31.2ms  1 error  1 slow
/// ├─ gateway  SERVER  POST /orders  31.2ms  SLOW  ERROR 502  tenant=acme route=/orders
/// │  └─ gateway  CLIENT  POST  30.0ms
/// └─ missing parent 00f067aa0ba902b7 (in another process)
///    └─ payment  CONSUMER  process payments  1.1ms
///         ⇢ link to span 53995c3f42cd8ad8 of trace 0af7651916cd43dd8448eb211c80319c
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Tree<'t> {
    trace: &'t Trace,
    color: bool,
    events: bool,
    slow: Option<Duration>,
    max_spans: usize,
    note: &'t str,
}

impl<'t> Tree<'t> {
    pub(crate) fn new(trace: &'t Trace) -> Self {
        Self { trace, color: false, events: false, slow: None, max_spans: usize::MAX, note: "" }
    }

    /// Whether to colour by ANSI escapes. Defaults to no.
    pub fn color(self, color: bool) -> Self {
        Self { color, ..self }
    }

    /// Whether to write events below their span. Defaults to no.
    pub fn events(self, events: bool) -> Self {
        Self { events, ..self }
    }

    /// Marks spans that last so long or longer. Defaults to none.
    pub fn slow(self, threshold: Duration) -> Self {
        let slow = Some(threshold);
        Self { slow, ..self }
    }

    /// Stops after so many spans and says how many more there are. Defaults to all.
    pub fn max_spans(self, max_spans: usize) -> Self {
        Self { max_spans, ..self }
    }

    /// A remark at the end of the heading. Defaults to none.
    pub fn note(self, note: &'t str) -> Self {
        Self { note, ..self }
    }

    fn heading(&self, paint: Paint, shape: &Shape) -> String {
        let spans = self.trace.spans();
        let errors = spans.iter().filter(|span| span.is_failed()).count();
        let slow = spans.iter().filter(|span| self.is_slow(span.duration())).count();
        let orphans: usize = shape.missing.values().map(Vec::len).sum();
        let circles = shape.circles.len();

        let mut heading = format!(
            "trace {}  {}  {}  {:.1?}",
            paint.with(Ink::Bold, self.trace.trace_id()),
            count(spans.len(), "span"),
            count(self.trace.services().len(), "service"),
            self.trace.duration(),
        );
        for (ink, number, text) in [
            (Ink::Red, errors, count(errors, "error")),
            (Ink::Yellow, slow, format!("{slow} slow")),
            (Ink::Red, orphans, format!("{orphans} without parent")),
            (Ink::Red, circles, count(circles, "circle")),
        ] {
            if number > 0 {
                heading.push_str(&format!("  {}", paint.with(ink, text)));
            }
        }
        if !self.note.is_empty() {
            heading.push_str(&format!("  {}", paint.with(Ink::Yellow, self.note)));
        }
        heading
    }

    fn is_slow(&self, duration: Duration) -> bool {
        self.slow.is_some_and(|threshold| duration >= threshold)
    }
}

impl fmt::Display for Tree<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paint = Paint { on: self.color };
        let shape = Shape::new(self.trace);
        writeln!(f, "{}", self.heading(paint, &shape))?;

        let mut guides = Guides::default();
        let mut left = self.max_spans;
        for row in rows(&shape) {
            if left == 0 {
                let more = self.trace.spans().len().saturating_sub(self.max_spans);
                return writeln!(f, "… and {}", count(more, "more span"));
            }
            let branch = guides.step(&row);
            match row {
                Row::MissingParent { id, spans, .. } => {
                    let first = spans.first().and_then(|&index| self.trace.spans().get(index));
                    let remote = first.and_then(|span| span.has_remote_parent()) == Some(true);
                    let place = if remote { " (in another process)" } else { "" };
                    let hex = opentelemetry::trace::SpanId::from_bytes(id);
                    let text = format!("missing parent {hex}{place}");
                    writeln!(f, "{branch}{}", paint.with(Ink::Red, text))?;
                }
                Row::Circle { .. } => {
                    let text = "parents in a circle";
                    writeln!(f, "{branch}{}", paint.with(Ink::Red, text))?;
                }
                Row::Span { index, has_children, .. } => {
                    left -= 1;
                    let Some(span) = self.trace.spans().get(index) else {
                        continue;
                    };
                    let line = Line {
                        trace: self.trace,
                        shape: &shape,
                        span,
                        paint,
                        is_slow: self.is_slow(span.duration()),
                    };
                    writeln!(f, "{branch}{line}")?;
                    let below = guides.below(has_children);
                    line.write_links(f, &below)?;
                    if self.events {
                        line.write_events(f, &below)?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// `1 span`, `2 spans`.
fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests;
