//! What many spans begin with. No attribute is judged or written here.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Attribute, Numbered, Value};
use crate::{MatchedRoute, schema::Key};

/// The name and the first attributes of many spans, such as those of all requests to one route: each guard judges them
/// once, and a recorder may write them once. For what a program has some dozens of, and keeps for as long as it runs.
#[derive(Debug)]
pub struct Opening {
    number: usize,
    name: Box<str>,
    attributes: Box<[(&'static str, Box<str>)]>,
    route: Option<MatchedRoute>,
}

impl Opening {
    /// That of a name, of low cardinality, and of attributes that differ by their keys.
    pub fn new<'v>(name: &str, attributes: impl IntoIterator<Item = (&'static str, &'v str)>) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let attributes = attributes.into_iter().map(|(key, text)| (key, text.into())).collect();
        Self { number: NEXT.fetch_add(1, Relaxed), name: name.into(), attributes, route: None }
    }

    /// As [`new`](Self::new), of spans whose work begins with the context attribute `route`: it is the last of the
    /// attributes.
    pub fn of_route<'v>(
        name: &str,
        route: &'v MatchedRoute,
        attributes: impl IntoIterator<Item = (&'static str, &'v str)>,
    ) -> Self {
        let attributes = attributes.into_iter().chain([(Key::Route.name(), route.as_str())]);
        Self { route: Some(route.clone()), ..Self::new(name, attributes) }
    }

    /// The context attribute `route` with which the work begins.
    pub(crate) fn route(&self) -> Option<&MatchedRoute> {
        self.route.as_ref()
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The attributes, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.texts().map(|(key, text)| (key, Value::Str(text)))
    }

    /// What a span begins with. Of one that does not leave as it is the route is told at the end, when more is known,
    /// such as the purpose.
    pub(super) fn first_texts(&self, is_whole: bool) -> impl Iterator<Item = (&'static str, &str)> {
        let waits = !is_whole && self.route.is_some();
        self.texts().take(self.attributes.len() - usize::from(waits))
    }

    /// The same as the texts that they are.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.attributes.iter().map(|(key, text)| (*key, &**text))
    }
}

impl Numbered for Opening {
    #[inline]
    fn number(&self) -> usize {
        self.number
    }
}
