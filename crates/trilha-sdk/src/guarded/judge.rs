//! A finished span of the SDK, or its resource, before the guard. Nothing is sent or counted here: the guard counts.

use std::borrow::Cow;

use opentelemetry::{
    InstrumentationScope, KeyValue,
    trace::{Event, Link, SpanContext, Status, TraceState},
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanLinks},
};
use trilha_core::{
    guard::{PiiGuard, Place, Verdict},
    recorder::{Attribute, Value, WITHHELD, to_key_value},
};

/// The guard refuses the span as a whole.
struct SpanRefused;

type Judged<T = ()> = Result<T, SpanRefused>;

/// Takes out of `span` what may not leave. Of a span that is refused as a whole, ids, kind and times stay.
pub(super) fn judge_span(guard: &PiiGuard, span: &mut SpanData) {
    if judge_parts(guard, span).is_err() {
        withhold(span);
    }
    // In any case: it is part of the identity, and goes on to others.
    judge_tracestate(guard, &mut span.span_context);
}

/// What of `resource` may leave.
pub(super) fn judge_resource(guard: &PiiGuard, resource: &Resource) -> Resource {
    let mut attributes =
        resource.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    // It belongs to no span.
    let _ = judge_attributes(guard, Place::Resource, &mut attributes);
    let judged = Resource::builder_empty();
    match resource.schema_url() {
        Some(url) => judged.with_schema_url(attributes, url.to_owned()).build(),
        None => judged.with_attributes(attributes).build(),
    }
}

fn judge_parts(guard: &PiiGuard, span: &mut SpanData) -> Judged {
    judge_name(guard, Place::SpanName, &mut span.name)?;
    judge_attributes(guard, Place::SpanAttribute, &mut span.attributes)?;
    for event in &mut span.events.events {
        judge_event(guard, event)?;
    }
    for link in &mut span.links.links {
        judge_link(guard, link)?;
    }
    judge_status(guard, &mut span.status)?;
    judge_scope(guard, &mut span.instrumentation_scope)
}

fn withhold(span: &mut SpanData) {
    span.name = WITHHELD.into();
    (span.attributes, span.dropped_attributes_count) = (Vec::new(), 0);
    (span.events, span.links) = (SpanEvents::default(), SpanLinks::default());
    span.status = Status::Unset;
    span.instrumentation_scope = with_attributes(&span.instrumentation_scope, Vec::new());
}

fn judge_event(guard: &PiiGuard, event: &mut Event) -> Judged {
    judge_name(guard, Place::EventName, &mut event.name)?;
    judge_attributes(guard, Place::EventAttribute, &mut event.attributes)
}

fn judge_link(guard: &PiiGuard, link: &mut Link) -> Judged {
    judge_tracestate(guard, &mut link.span_context);
    judge_attributes(guard, Place::LinkAttribute, &mut link.attributes)
}

fn judge_name(guard: &PiiGuard, place: Place, name: &mut Cow<'static, str>) -> Judged {
    match guard.judge(place, "", name) {
        Verdict::Clean(left) if left.len() == name.len() => {}
        Verdict::Clean(left) => *name = left.to_owned().into(),
        Verdict::Replaced(left) => *name = left.into(),
        Verdict::Refused => *name = WITHHELD.into(),
        Verdict::SpanRefused => return Err(SpanRefused),
    }
    Ok(())
}

fn judge_status(guard: &PiiGuard, status: &mut Status) -> Judged {
    let Status::Error { description } = status else { return Ok(()) };
    match guard.judge(Place::Status, "", description) {
        Verdict::Clean(left) if left.len() == description.len() => {}
        Verdict::Clean(left) => *description = left.to_owned().into(),
        Verdict::Replaced(left) => *description = left.into(),
        Verdict::Refused => *description = "".into(),
        Verdict::SpanRefused => return Err(SpanRefused),
    }
    Ok(())
}

fn judge_scope(guard: &PiiGuard, scope: &mut InstrumentationScope) -> Judged {
    if scope.attributes().next().is_some() {
        let mut attributes = scope.attributes().cloned().collect();
        judge_attributes(guard, Place::SpanAttribute, &mut attributes)?;
        *scope = with_attributes(scope, attributes);
    }
    Ok(())
}

fn with_attributes(scope: &InstrumentationScope, attributes: Vec<KeyValue>) -> InstrumentationScope {
    let mut other = InstrumentationScope::builder(scope.name().to_owned()).with_attributes(attributes);
    if let Some(version) = scope.version() {
        other = other.with_version(version.to_owned());
    }
    if let Some(url) = scope.schema_url() {
        other = other.with_schema_url(url.to_owned());
    }
    other.build()
}

/// Takes out the members that may not leave.
fn judge_tracestate(guard: &PiiGuard, context: &mut SpanContext) {
    let header = context.trace_state().header();
    if header.is_empty() || guard.lets_pass(Place::Tracestate, "", &header) {
        return;
    }
    let members = header.split(',').filter_map(|member| member.split_once('='));
    let members =
        members.filter(|(key, value)| guard.lets_pass(Place::Tracestate, "", &format!("{key}={value}")));
    let left = TraceState::from_key_value(members).unwrap_or_default();
    *context = SpanContext::new(
        context.trace_id(),
        context.span_id(),
        context.trace_flags(),
        context.is_remote(),
        left,
    );
}

/// Of each attribute by itself: nearly all stay as they are, and are not copied.
fn judge_attributes(guard: &PiiGuard, place: Place, attributes: &mut Vec<KeyValue>) -> Judged {
    let mut is_refused = false;
    attributes.retain_mut(|attribute| match judge_attribute(guard, place, attribute) {
        Ok(is_kept) => is_kept,
        Err(SpanRefused) => {
            is_refused = true;
            false
        }
    });
    if is_refused { Err(SpanRefused) } else { Ok(()) }
}

/// Whether it is kept.
fn judge_attribute(guard: &PiiGuard, place: Place, attribute: &mut KeyValue) -> Judged<bool> {
    let mut judged = Err(SpanRefused);
    let whole: Attribute<'_> = (attribute.key.as_str(), Value::from(&attribute.value));
    guard.judge_attributes(place, &[whole], |left| {
        judged = Ok(match left.first() {
            Some(left) if *left == whole => Left::Whole,
            Some(left) => Left::Changed(to_key_value(*left)),
            None => Left::Nothing,
        });
    });
    Ok(match judged? {
        Left::Whole => true,
        Left::Changed(changed) => {
            *attribute = changed;
            true
        }
        Left::Nothing => false,
    })
}

enum Left {
    Whole,
    Changed(KeyValue),
    Nothing,
}
