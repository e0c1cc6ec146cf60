//! One span as one line, and the lines of its links and events below it.

use std::fmt;

use opentelemetry::trace::{SpanId, SpanKind, Status};

use super::text::{Ink, Paint, clean};
use crate::trace::{Attributes, Shape, Span, Trace};

/// The schema's keys, in the order in which they are shown.
const SCHEMA_KEYS: [&str; 13] = [
    "tenant",
    "route",
    "zone",
    "component",
    "correlation_id",
    "model_name",
    "model_version",
    "model_stage",
    "policy_digest",
    "consumer_app",
    "use_case",
    "purpose",
    "run_id",
];

/// A name, a status message or a value is cut after so many characters.
const MAX_TEXT: usize = 120;

/// Of more links or events than these, the first are shown and the rest counted.
const MAX_BELOW: usize = 10;

/// A span in its trace, to be written as a line.
#[derive(Debug)]
pub(super) struct Line<'t> {
    pub(super) trace: &'t Trace,
    pub(super) shape: &'t Shape,
    pub(super) span: &'t Span,
    pub(super) paint: Paint,
    pub(super) is_slow: bool,
}

impl Line<'_> {
    /// One line for each link, each behind `indent`.
    pub(super) fn write_links(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for link in self.span.links.iter().take(MAX_BELOW) {
            let id = link.span_id;
            let target = if link.trace_id != self.span.trace_id {
                format!("span {id} of trace {}", link.trace_id)
            } else if let Some(other) = self.span_by_id(id) {
                format!("span {id} of this trace, {}", clean(&other.name, MAX_TEXT))
            } else {
                format!("span {id} of this trace, which has not arrived")
            };
            let text = self.paint.with(Ink::Cyan, format!("⇢ link to {target}"));
            writeln!(f, "{indent}{text}{}", self.pairs(&link.attributes))?;
        }
        self.write_more(f, indent, self.span.links.len(), self.span.dropped_links, "link")
    }

    /// One line for each event, each behind `indent`.
    pub(super) fn write_events(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        for event in self.span.events.iter().take(MAX_BELOW) {
            let after = event.time.duration_since(self.span.start).unwrap_or_default();
            let name = clean(&event.name, MAX_TEXT);
            writeln!(f, "{indent}• {name}  +{after:.1?}{}", self.pairs(&event.attributes))?;
        }
        self.write_more(f, indent, self.span.events.len(), self.span.dropped_events, "event")
    }

    fn write_more(
        &self,
        f: &mut fmt::Formatter<'_>,
        indent: &str,
        len: usize,
        dropped: u32,
        noun: &str,
    ) -> fmt::Result {
        if len > MAX_BELOW {
            writeln!(f, "{indent}… and {} more {noun}s", len - MAX_BELOW)?;
        }
        if dropped > 0 {
            let text = format!("… {dropped} {noun}(s) dropped by the sender");
            writeln!(f, "{indent}{}", self.paint.with(Ink::Yellow, text))?;
        }
        Ok(())
    }

    fn span_by_id(&self, id: SpanId) -> Option<&Span> {
        self.trace.spans().get(*self.shape.index_of.get(&id)?)
    }

    fn pairs(&self, attributes: &Attributes) -> String {
        let mut text = String::new();
        for (key, value) in attributes.iter().take(MAX_BELOW) {
            let pair = format!("{}={}", clean(key, MAX_TEXT), clean(&value.to_string(), MAX_TEXT));
            text.push_str(&format!("  {}", self.paint.with(Ink::Dim, pair)));
        }
        text
    }

    fn write_status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.span.status {
            Status::Unset => Ok(()),
            Status::Ok => write!(f, "  ok"),
            Status::Error { description } => {
                let error_type = self.span.attribute("error.type").map(ToString::to_string);
                let mut text = "ERROR".to_owned();
                if let Some(error_type) = error_type {
                    text.push_str(&format!(" {}", clean(&error_type, MAX_TEXT)));
                }
                if !description.is_empty() {
                    text.push_str(&format!(": {}", clean(description, MAX_TEXT)));
                }
                write!(f, "  {}", self.paint.with(Ink::Red, text))
            }
        }
    }

    fn write_schema_values(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "  ";
        for key in SCHEMA_KEYS {
            let of_span = self.span.attribute(key);
            if let Some(value) = of_span.or_else(|| self.span.resource.get(key)) {
                let pair = format!("{key}={}", clean(&value.to_string(), MAX_TEXT));
                write!(f, "{separator}{}", self.paint.with(Ink::Dim, pair))?;
                separator = " ";
            }
        }
        Ok(())
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = self.span;
        let service = clean(span.service(), MAX_TEXT);
        let name = clean(&span.name, MAX_TEXT);
        write!(
            f,
            "{}  {}  {}  {:.1?}",
            self.paint.with(Ink::Cyan, service),
            kind(&span.kind),
            self.paint.with(Ink::Bold, name),
            span.duration(),
        )?;
        if self.is_slow {
            write!(f, "  {}", self.paint.with(Ink::Yellow, "SLOW"))?;
        }
        self.write_status(f)?;
        self.write_schema_values(f)
    }
}

fn kind(kind: &SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "INTERNAL",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
    }
}
