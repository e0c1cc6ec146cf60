//! What is put around spans that are already bytes: scope, resource, request. No span is read again.

use bytes::Bytes;
use bytes_utils::SegmentedBuf;
use opentelemetry::KeyValue;
use trilha_core::Scope;

use super::{
    attribute::put_attribute,
    field::{request, resource, resource_spans, scope, scope_spans},
    wire::{put_bytes, put_header, put_message, put_text, sized_len},
};

/// A `Resource` message.
pub(crate) fn encode_resource(attributes: &[KeyValue]) -> Vec<u8> {
    let mut out = Vec::new();
    for attribute in attributes {
        let value = (&attribute.value).into();
        put_attribute(&mut out, resource::ATTRIBUTES, (attribute.key.as_str(), value), usize::MAX);
    }
    out
}

/// Bytes that lie in several places.
pub(crate) type Pieces = SegmentedBuf<Bytes>;

/// An `ExportTraceServiceRequest` of spans of one resource, those of a scope together.
///
/// `resource` is a message, and `spans` are fields of a `ScopeSpans`, that were written before; spans are not copied.
pub(crate) fn encode_request<'a>(
    resource: &[u8],
    spans: impl IntoIterator<Item = (&'a Scope, Bytes)>,
) -> Pieces {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (scope, spans) in spans {
        // Scopes are few, and the last one is often the next one.
        let at = groups.iter().rposition(|group| group.scope == scope).unwrap_or_else(|| {
            groups.push(Group { scope, len: 0, spans: Vec::new() });
            groups.len() - 1
        });
        if let Some(group) = groups.get_mut(at) {
            group.len += spans.len();
            group.spans.push(spans);
        }
    }
    let groups: Vec<_> = groups.into_iter().map(|group| (group.header(), group)).collect();

    let resource_len = sized_len(resource_spans::RESOURCE, resource.len());
    let body: usize = (groups.iter())
        .map(|(header, group)| sized_len(resource_spans::SCOPE_SPANS, header.len() + group.len))
        .sum();
    let mut start = Vec::new();
    put_header(&mut start, request::RESOURCE_SPANS, resource_len + body);
    put_bytes(&mut start, resource_spans::RESOURCE, resource);
    let mut pieces = vec![Bytes::from(start)];
    for (header, group) in groups {
        let mut start = Vec::new();
        put_header(&mut start, resource_spans::SCOPE_SPANS, header.len() + group.len);
        start.extend_from_slice(&header);
        pieces.push(start.into());
        pieces.extend(group.spans);
    }
    pieces.into()
}

struct Group<'a> {
    scope: &'a Scope,
    /// Bytes of all `spans`.
    len: usize,
    spans: Vec<Bytes>,
}

impl Group<'_> {
    fn header(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_message(&mut out, scope_spans::SCOPE, |out| {
            put_text(out, scope::NAME, self.scope.name());
            put_text(out, scope::VERSION, self.scope.version());
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::field::{scope_spans, span};
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use prost::Message;

    fn named(name: &str) -> Bytes {
        let mut out = Vec::new();
        put_message(&mut out, scope_spans::SPANS, |out| put_text(out, span::NAME, name));
        out.into()
    }

    #[test]
    fn spans_are_grouped_by_scope_in_their_order() {
        let (http, sql) = (Scope::new("http", "1"), Scope::foreign("sql".to_owned(), ""));
        let spans = [(&http, named("a")), (&sql, named("b")), (&http, named("c"))];
        let resource = encode_resource(&[KeyValue::new("service.name", "orders")]);
        let request = encode_request(&resource, spans);
        let decoded = ExportTraceServiceRequest::decode(request).unwrap();
        let [resource_spans] = decoded.resource_spans.as_slice() else { panic!("one resource") };
        assert_eq!(resource_spans.resource.as_ref().unwrap().attributes[0].key, "service.name");
        let seen: Vec<_> = (resource_spans.scope_spans.iter())
            .map(|group| {
                let scope = group.scope.as_ref().unwrap();
                let names = group.spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>();
                (scope.name.as_str(), scope.version.as_str(), names)
            })
            .collect();
        assert_eq!(seen, [("http", "1", vec!["a", "c"]), ("sql", "", vec!["b"])]);
    }
}
