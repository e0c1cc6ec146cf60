//! The route that a framework has found, as the context attribute `route`.

use std::sync::Arc;

use crate::schema::Key;

/// A template by which a framework has found a handler, such as `/orders/{id}`: however much it looks like a path, it
/// holds no values. Clones share it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MatchedRoute(Arc<str>);

impl MatchedRoute {
    /// `None`: it is empty, longer than a route may be, or has control characters.
    pub fn new(template: &str) -> Option<Self> {
        let is_bounded = Key::Route.definition().max_length() >= template.len();
        // To its end, many bytes at once: nearly all are plain.
        let is_ascii = template.bytes().fold(true, |is, byte| is & matches!(byte, b' '..=b'~'));
        let is_plain = is_ascii || !template.contains(char::is_control);
        (is_bounded && !template.is_empty() && is_plain).then(|| Self(template.into()))
    }

    /// The template.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The template as a dimension's value, without a copy.
    pub fn value(&self) -> opentelemetry::Value {
        self.0.clone().into()
    }

    pub(super) fn text(&self) -> &Arc<str> {
        &self.0
    }
}
