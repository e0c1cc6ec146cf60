//! What is meant to differ from tracing-opentelemetry with the SDK: the list of `docs/differences.md`, and for each
//! entry how it shows.

use trilha::opentelemetry::trace::Status;
use trilha_testing::Value;

use crate::{
    directed,
    seen::{Seen, SeenSpan},
};

/// The list as users read it.
pub(crate) const LIST: &str = include_str!("../../crates/trilha-tracing/docs/differences.md");

/// One entry of the list.
pub(crate) struct Difference {
    /// Its name in the list.
    pub(crate) name: &'static str,
    pub(crate) shows: Shows,
}

/// How a difference shows.
pub(crate) enum Shows {
    /// In what arrives of this program: theirs, made over, is ours.
    Everywhere { program: fn(), rewrite: fn(&mut Seen) },
    /// Only in programs that are not generated.
    Alone(fn()),
}

/// All of them.
pub(crate) const DIFFERENCES: [Difference; 19] = [
    everywhere("integers", directed::integers, integers),
    // The sources of errors count as attributes, and are told apart by their order: before repeated keys.
    everywhere("errors of events", directed::errors_of_events, errors_of_events),
    everywhere("sources of errors", directed::sources_of_errors, sources_of_errors),
    everywhere("repeated keys", directed::repeated_keys, repeated_keys),
    everywhere("quoted errors", directed::quoted_errors, quoted_errors),
    everywhere("random flag", directed::random_flag, random_flag),
    everywhere("flags of links", directed::flags_of_links, flags_of_links),
    alone("bare errors", directed::bare_errors),
    alone("late name", directed::late_name),
    alone("late kind", directed::late_kind),
    alone("order of statuses", directed::order_of_statuses),
    alone("parent without a record", directed::parent_without_a_record),
    alone("innermost span", directed::innermost_span),
    alone("entered again", directed::entered_again),
    alone("entries of the context", directed::entries_of_the_context),
    alone("full spans", directed::full_spans),
    alone("long texts", directed::long_texts),
    alone("details", directed::details),
    alone("guard", directed::guard),
];

const fn everywhere(name: &'static str, program: fn(), rewrite: fn(&mut Seen)) -> Difference {
    Difference { name, shows: Shows::Everywhere { program, rewrite } }
}

const fn alone(name: &'static str, program: fn()) -> Difference {
    Difference { name, shows: Shows::Alone(program) }
}

/// Theirs as ours is meant to be.
pub(crate) fn rewritten(theirs: Seen) -> Seen {
    rewritten_except(theirs, None)
}

/// [`rewritten`] as if one difference were not listed.
pub(crate) fn rewritten_except(mut theirs: Seen, except: Option<&str>) -> Seen {
    for Difference { name, shows } in &DIFFERENCES {
        if let (true, Shows::Everywhere { rewrite, .. }) = (Some(*name) != except, shows) {
            rewrite(&mut theirs);
        }
    }
    theirs.settled()
}

fn integers(theirs: &mut Seen) {
    const KEYS: [&str; 4] = ["size", "wide", "late_size", "wider"];
    for (key, value) in theirs.attributes_mut().flatten() {
        if let (true, Some(number)) = (KEYS.contains(&key.as_str()), as_integer(value)) {
            *value = Value::Int(number);
        }
    }
}

fn as_integer(value: &Value) -> Option<i64> {
    value.as_str()?.parse().ok()
}

/// What an error of the span itself says is followed by that error.
fn errors_of_events(theirs: &mut Seen) {
    for SeenSpan { attributes, .. } in theirs.0.values_mut() {
        let is_copy = |at: usize| {
            attributes.get(at).is_some_and(|(key, _)| key == "exception.message")
                && attributes.get(at + 2).is_none_or(|(key, _)| !key.ends_with("failure"))
        };
        let copies: Vec<usize> = (0..attributes.len()).filter(|at| is_copy(*at)).collect();
        for at in copies.into_iter().rev() {
            attributes.drain(at..at + 2);
        }
    }
}

fn sources_of_errors(theirs: &mut Seen) {
    for attributes in theirs.attributes_mut() {
        attributes.retain(|(key, _)| !key.ends_with(".chain"));
        for (_, value) in attributes.iter_mut().filter(|(key, _)| key == "exception.stacktrace") {
            if let Value::Array(sources) = value {
                let lines: Vec<_> = sources.iter().map(ToString::to_string).collect();
                *value = Value::String(lines.join("\n"));
            }
        }
        attributes.retain(|(key, value)| key != "exception.stacktrace" || *value != Value::from(""));
    }
}

fn repeated_keys(theirs: &mut Seen) {
    for attributes in theirs.attributes_mut() {
        let mut at = 0;
        while let Some((key, _)) = attributes.get(at) {
            match attributes[at + 1..].iter().any(|(later, _)| later == key) {
                true => drop(attributes.remove(at)),
                false => at += 1,
            }
        }
    }
}

fn quoted_errors(theirs: &mut Seen) {
    let unquoted = |text: &str| Some(text.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    for span in theirs.0.values_mut() {
        if let Status::Error { description } = &span.status
            && let Some(text) = unquoted(description)
        {
            span.status = Status::error(text);
        }
        for (key, value) in span.events.iter_mut().flat_map(|event| &mut event.attributes) {
            if let ("exception.message", Some(text)) = (key.as_str(), value.as_str().and_then(unquoted)) {
                *value = Value::String(text);
            }
        }
    }
}

/// Both make random trace ids. Of one from another process, which has a tracestate here, it is not known.
fn random_flag(theirs: &mut Seen) {
    for span in theirs.0.values_mut() {
        let links = span.links.iter_mut().map(|link| (&mut link.flags, &link.trace_state));
        for (flags, trace_state) in links.chain([(&mut span.flags, &span.trace_state)]) {
            if trace_state.is_empty() {
                *flags |= 0x02;
            }
        }
    }
}

fn flags_of_links(theirs: &mut Seen) {
    for link in theirs.0.values_mut().flat_map(|span| &mut span.links) {
        link.flags &= 0xff;
    }
}
