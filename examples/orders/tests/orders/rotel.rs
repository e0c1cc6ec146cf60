//! What the log of rotel, an OTLP receiver written by others, says of the traces that it got.

use std::collections::HashMap;

use crate::forest::{Tree, plain};

#[derive(Default)]
struct Span {
    trace_id: String,
    span_id: String,
    parent_id: String,
    kind: String,
    name: String,
    is_error: bool,
    message: String,
    service: String,
    zone: String,
    attributes: HashMap<String, String>,
}

/// The traces in rotel's log, by their ids.
pub(crate) fn received(log: &str) -> HashMap<String, Tree> {
    let mut by_trace: HashMap<String, Vec<Span>> = HashMap::new();
    for span in spans(log) {
        by_trace.entry(span.trace_id.clone()).or_default().push(span);
    }
    let trees = by_trace.into_iter().filter_map(|(id, spans)| {
        let root = spans.iter().find(|span| span.parent_id.is_empty())?;
        Some((id, tree(root, &spans)))
    });
    trees.collect()
}

fn tree(span: &Span, spans: &[Span]) -> Tree {
    let below = spans.iter().filter(|other| other.parent_id == span.span_id);
    let below = below.map(|span| tree(span, spans)).collect();
    let attribute = |key: &str| span.attributes.get(key);
    let mut text = format!("{}  {}  {}", span.service, span.kind, plain(&span.name));
    if span.is_error {
        text.push_str("  ERROR");
        text.extend(attribute("error.type").map(|error| format!(" {error}")));
    }
    if !span.message.is_empty() {
        text.push_str(&format!(": {}", span.message));
    }
    let values = [
        ("tenant", attribute("tenant")),
        ("route", attribute("route")),
        ("zone", Some(&span.zone)),
        ("correlation_id", attribute("correlation_id")),
    ];
    let values = values.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?)));
    text.push_str("  ");
    text.push_str(&values.collect::<Vec<_>>().join(" "));
    Tree::new(text, below)
}

/// The spans in rotel's log, in its detailed form.
fn spans(log: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let (mut resource, mut is_resource) = (HashMap::new(), false);
    for line in log.lines() {
        if line.starts_with("ResourceSpans") {
            (resource, is_resource) = (HashMap::new(), true);
        } else if line.starts_with("Span #") {
            is_resource = false;
            let value = |key: &str| resource.get(key).cloned().unwrap_or_default();
            let (service, zone) = (value("service.name"), value("zone"));
            spans.push(Span { service, zone, ..Span::default() });
        } else if let Some((key, value)) = line.trim_start().strip_prefix("-> ").and_then(attribute) {
            match spans.last_mut() {
                Some(span) if !is_resource => span.attributes.insert(key, value),
                _ => resource.insert(key, value),
            };
        } else if let (Some((key, value)), Some(span)) = (line.split_once(':'), spans.last_mut()) {
            let value = value.trim().to_owned();
            match key.trim() {
                "Trace ID" => span.trace_id = value,
                "Parent ID" => span.parent_id = value,
                "ID" => span.span_id = value,
                "Name" => span.name = value,
                "Status code" => span.is_error = value == "STATUS_CODE_ERROR",
                "Status message" => span.message = value,
                "Kind" => span.kind = value.trim_start_matches("SPAN_KIND_").to_owned(),
                _ => {}
            }
        }
    }
    spans
}

/// `key: Str(value)`.
fn attribute(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once(": ")?;
    let value = value.split_once('(')?.1.strip_suffix(')')?;
    Some((key.to_owned(), value.to_owned()))
}
