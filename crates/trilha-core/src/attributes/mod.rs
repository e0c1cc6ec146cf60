//! Context-scoped attributes: who asked and what for, known to everything that runs for one operation.
//!
//! They are held in one cell per operation, so that a value which is known late reaches what is
//! already open. They cross to other processes only where the schema and the recipient allow it.

mod route;
mod vocabulary;

use std::{
    fmt, ptr,
    sync::{
        Arc,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
};

use opentelemetry::{Context, KeyValue};
use parking_lot::RwLock;
use smallvec::SmallVec;

pub use self::route::MatchedRoute;
pub(crate) use self::vocabulary::{OTHER, Vocabulary};
use crate::{
    Handle, Refusal, current,
    guard::{Place, Verdict},
    operation::Work,
    schema::{Consumer, Definition, Exit, Key, Model},
};

/// The schema's values of the work in hand. Clones share one cell. Each built-in key has a setter.
///
/// A value that is set reaches every span that is open under the same operation when it ends, its
/// metrics, and the log lines and queries that follow. One that breaks its key's rule is refused and
/// counted, and the old one stays; to know at once, make a typed value first.
///
/// ```
/// use trilha_core::{ContextAttributes, schema::Model};
///
/// let attributes = ContextAttributes::current();
/// attributes.tenant("banking-core").route("/api/churn/v2/predict");
/// attributes.model(&Model::new("churn", "2.3.1")?.stage("production")?);
/// # Ok::<(), trilha_core::schema::InvalidValue>(())
/// ```
#[derive(Clone)]
pub struct ContextAttributes(Arc<Cell>);

struct Cell {
    values: RwLock<Values>,
    /// The route with which the work began, until another is set the first of the values.
    opened: Option<MatchedRoute>,
    /// Whether some were set since, or before a fork: for most work none are, and its spans ask without the lock.
    has_changed: AtomicBool,
    /// Of the service whose work it is.
    handle: Handle,
}

impl Cell {
    fn set(&self, at: usize, value: Arc<str>) {
        self.values.write().set(at, value);
        self.has_changed.store(true, Release);
    }
}

/// What is set, by its position in the schema and in that order. Most work knows few of them.
#[derive(Clone, Default)]
struct Values(SmallVec<[(usize, Arc<str>); 3]>);

impl ContextAttributes {
    pub(crate) fn new(handle: Handle) -> Self {
        Self::opened(handle, None)
    }

    /// Those of work that begins with a route.
    pub(crate) fn opened(handle: Handle, route: Option<&MatchedRoute>) -> Self {
        let values = route.map(|route| (Key::Route.index(), route.text().clone())).into_iter().collect();
        Self(Arc::new(Cell {
            values: RwLock::new(Values(values)),
            opened: route.cloned(),
            has_changed: AtomicBool::new(false),
            handle,
        }))
    }

    /// The attributes of the current operation.
    ///
    /// Outside any operation these belong to nobody: setting one has no effect.
    pub fn current() -> Self {
        current::map(Self::of).unwrap_or_default()
    }

    pub(crate) fn of(context: &Context) -> Option<Self> {
        Work::span_of(context).map(|span| span.attributes().clone())
    }

    /// The handle under which the work began.
    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        &self.0.handle
    }

    fn vocabulary(&self) -> &Vocabulary {
        self.0.handle.vocabulary()
    }

    /// A copy for work that runs beside: what it sets is not seen here.
    #[must_use]
    pub fn fork(&self) -> Self {
        let values = self.0.values.read().clone();
        Self(Arc::new(Cell {
            has_changed: AtomicBool::new(!values.0.is_empty()),
            opened: None,
            values: RwLock::new(values),
            handle: self.0.handle.clone(),
        }))
    }

    /// Sets a value. One that breaks its key's rule is refused and counted; the old one stays.
    pub fn set(&self, key: Key, value: impl AsRef<str>) -> &Self {
        self.set_at(Some(key as usize), value.as_ref());
        self
    }

    /// Sets the value of a key by its name, as of one that is the platform's own. A name that the schema
    /// does not know is refused and counted, as a value that breaks its rule is.
    pub fn set_named(&self, name: &str, value: impl AsRef<str>) -> &Self {
        self.set_at(self.vocabulary().schema().position(name), value.as_ref());
        self
    }

    /// Sets `route` to the template by which a framework has found the handler: it is one, however much it
    /// looks like a path.
    pub fn matched_route(&self, template: &str) -> &Self {
        match MatchedRoute::new(template) {
            Some(route) => self.kept_route(&route),
            None => {
                self.vocabulary().stats().refuse(Refusal::Attribute);
                self
            }
        }
    }

    /// As [`matched_route`](Self::matched_route), of a route that is kept for many requests.
    pub fn kept_route(&self, route: &MatchedRoute) -> &Self {
        self.0.set(Key::Route.index(), route.text().clone());
        self
    }

    /// Whether the value was taken.
    pub(crate) fn set_at(&self, position: Option<usize>, value: &str) -> bool {
        let vocabulary = self.vocabulary();
        let definition = position.and_then(|at| Some((at, vocabulary.definition(at)?)));
        let Some((at, _)) = definition.filter(|(_, definition)| definition.accepts(value)) else {
            vocabulary.stats().refuse(Refusal::Attribute);
            return false;
        };
        self.0.set(at, value.into());
        true
    }

    /// Whether a key of the schema may leave by `exit`. `None`: it is no key of the schema.
    pub(crate) fn may_travel(&self, name: &str, exit: Exit) -> Option<bool> {
        let schema = self.vocabulary().schema();
        Some(schema.context_keys().get(schema.position(name)?)?.travels(exit))
    }

    /// The value of `key`.
    pub fn value(&self, key: Key) -> Option<Arc<str>> {
        self.0.values.read().at(key as usize).cloned()
    }

    /// The value of the key of this name.
    pub fn value_named(&self, name: &str) -> Option<Arc<str>> {
        let position = self.vocabulary().schema().position(name)?;
        self.0.values.read().at(position).cloned()
    }

    /// Calls `visit` with each value that is set, in the schema's order.
    pub fn for_each(&self, mut visit: impl FnMut(&Definition, &str)) {
        // One after the other, each without the lock: `visit` may set some.
        let mut from = 0;
        loop {
            let next = self.0.values.read().first_from(from);
            let Some((at, value)) = next else { return };
            if let Some(definition) = self.vocabulary().definition(at) {
                visit(definition, &value);
            }
            from = at + 1;
        }
    }

    /// Calls `visit` with each value that is set and may leave by `exit`, as the [guard](crate::guard) lets it
    /// through.
    pub fn for_each_to(&self, exit: Exit, mut visit: impl FnMut(&str, &str)) {
        let (guard, place) = (self.vocabulary().guard(), Place::of(exit));
        self.for_each(|definition, value| {
            let name = definition.name();
            if !definition.travels(exit) {
                return;
            }
            match guard.judge_for(place, name, value, Some(self)) {
                Verdict::Clean(value) => visit(name, value),
                Verdict::Replaced(value) => visit(name, &value),
                Verdict::Refused | Verdict::SpanRefused => {}
            }
        });
    }

    /// [`for_each`](Self::for_each) without a copy: `visit` must not call the attributes.
    pub(crate) fn for_each_locked(&self, mut visit: impl FnMut(&Definition, &Arc<str>)) {
        self.for_each_of(&self.0.values.read(), |_, definition, value| visit(definition, value));
    }

    fn for_each_of(&self, values: &Values, mut visit: impl FnMut(usize, &Definition, &Arc<str>)) {
        for (at, value) in &values.0 {
            if let Some(definition) = self.vocabulary().definition(*at) {
                visit(*at, definition, value);
            }
        }
    }

    /// Whether no value is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.opened.is_none() && self.is_as_opened()
    }

    /// Whether no value was set since the work began.
    pub(crate) fn is_as_opened(&self) -> bool {
        !self.0.has_changed.load(Acquire)
    }

    /// Whether `value`, one of these, is the route with which the work began.
    pub(crate) fn opened_with(&self, value: &str) -> bool {
        self.0.opened.as_ref().is_some_and(|route| ptr::eq(route.as_str(), value))
    }

    pub(crate) fn extend_metric(&self, dimensions: &mut Vec<KeyValue>) {
        self.for_each_of(&self.0.values.read(), |at, definition, value| {
            let is_said = dimensions.iter().any(|known| known.key.as_str() == definition.name());
            if definition.travels(Exit::Metric) && !is_said {
                let value = self.vocabulary().bounded(at, value);
                dimensions.push(KeyValue::new(definition.api_key(), value));
            }
        });
    }

    /// Sets `model_name`, `model_version`, and of `model_stage` and `policy_digest` what is known.
    pub fn model(&self, model: &Model) -> &Self {
        model.entries().for_each(|(key, value)| {
            self.set(key, value);
        });
        self
    }

    /// Sets `consumer_app`, and of `use_case` and `purpose` what is known.
    pub fn consumer(&self, consumer: &Consumer) -> &Self {
        consumer.entries().for_each(|(key, value)| {
            self.set(key, value);
        });
        self
    }
}

impl Default for ContextAttributes {
    /// Those of nobody's work.
    fn default() -> Self {
        Self::new(Handle::disabled())
    }
}

// The values are for those exits alone that ask the guard.
impl fmt::Debug for ContextAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextAttributes").finish_non_exhaustive()
    }
}

impl Values {
    fn at(&self, position: usize) -> Option<&Arc<str>> {
        self.0.iter().find(|(at, _)| *at == position).map(|(_, value)| value)
    }

    /// The first one at this position or behind it.
    fn first_from(&self, position: usize) -> Option<(usize, Arc<str>)> {
        self.0.iter().find(|(at, _)| *at >= position).cloned()
    }

    fn set(&mut self, position: usize, value: Arc<str>) {
        let place = self.0.iter().position(|(at, _)| *at >= position).unwrap_or(self.0.len());
        match self.0.get_mut(place) {
            Some((at, known)) if *at == position => *known = value,
            _ => self.0.insert(place, (position, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HandleBuilder, NoopRecorder, schema::Schema};

    fn of_a_service(settings: impl FnOnce(HandleBuilder) -> HandleBuilder) -> ContextAttributes {
        ContextAttributes::new(settings(Handle::builder(Arc::new(NoopRecorder))).build())
    }

    #[test]
    fn clones_share_and_forks_do_not() {
        let attributes = ContextAttributes::default();
        let (shared, forked) = (attributes.clone(), attributes.fork());
        attributes.tenant("acme");
        assert_eq!(shared.value(Key::Tenant).as_deref(), Some("acme"));
        assert_eq!(forked.value(Key::Tenant), None);
    }

    #[test]
    fn a_value_against_the_rule_is_refused_and_counted() {
        let attributes = of_a_service(|settings| settings);
        attributes.tenant("acme").tenant("two words").set_named("nobody_knows", "x");
        assert_eq!(attributes.value(Key::Tenant).as_deref(), Some("acme"));
        assert_eq!(attributes.handle().stats().refused(Refusal::Attribute), 2);
    }

    #[test]
    fn values_are_shown_in_the_order_of_the_schema_each_as_it_was_set_last() {
        let attributes = ContextAttributes::default();
        for (key, value) in Key::ALL.into_iter().rev().zip('a'..).chain([(Key::Tenant, 'z')]) {
            attributes.0.values.write().set(key.index(), value.to_string().into());
        }
        let mut shown = Vec::new();
        attributes.for_each(|definition, value| shown.push((definition.name().to_owned(), value.to_owned())));
        let names: Vec<_> = shown.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, Key::ALL.map(Key::name));
        assert_eq!(attributes.value(Key::Tenant).as_deref(), Some("z"));
    }

    #[test]
    fn what_was_set_is_noticed_also_in_a_fork() {
        let attributes = ContextAttributes::default();
        assert!(attributes.is_empty() && attributes.fork().is_empty());
        attributes.tenant("acme");
        assert!(!attributes.is_empty() && !attributes.fork().is_empty());
    }

    #[test]
    fn who_is_shown_values_may_set_some() {
        let attributes = ContextAttributes::default();
        for (key, value) in [(Key::ALL[1], "a"), (Key::ALL[2], "b")] {
            attributes.0.values.write().set(key.index(), value.into());
        }
        let mut shown = Vec::new();
        attributes.for_each(|definition, value| {
            shown.push((definition.name().to_owned(), value.to_owned()));
            // One that was shown, or would stand before it, and one that is still to be shown.
            attributes.0.values.write().set(Key::ALL[0].index(), "early".into());
            attributes.0.values.write().set(Key::ALL[2].index(), "late".into());
        });
        let [_, first, second, ..] = Key::ALL.map(|key| key.name().to_owned());
        assert_eq!(shown, [(first, "a".to_owned()), (second, "late".to_owned())]);
    }

    #[test]
    fn a_platforms_own_key_is_set_and_read_by_name() {
        let channel = Definition::builder("sales_channel", "Where the order came from").build().unwrap();
        let schema = Schema::default().with_key(channel).unwrap();
        let attributes = of_a_service(|settings| settings.schema(schema));
        attributes.set_named("sales_channel", "web").tenant("acme");
        assert_eq!(attributes.value_named("sales_channel").as_deref(), Some("web"));
        assert_eq!(attributes.value_named("tenant").as_deref(), Some("acme"));
        assert_eq!(attributes.value_named("nobody_knows"), None);
    }
}
