//! Context-scoped attributes: who asked and what for, known to everything that runs for one operation.
//!
//! They are held in one cell per operation, so that a value which is known late reaches what is
//! already open. They cross to other processes only where the schema and the adapters allow it.

use std::sync::Arc;

use opentelemetry::{Context, KeyValue};
use parking_lot::RwLock;

use crate::{
    Refusal, Stats,
    recorder::Span,
    schema::{Exit, Key},
};

/// The schema's values of the work in hand. Clones share one cell.
///
/// A value that is set reaches every span that is open under the same operation when it ends, its
/// metrics, and the log lines and queries that follow.
///
/// ```
/// let attributes = trilha_core::ContextAttributes::current();
/// attributes.tenant("banking-core").route("/api/churn/v2/predict");
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContextAttributes(Arc<Cell>);

type Values = [Option<Arc<str>>; Key::ALL.len()];

#[derive(Debug, Default)]
struct Cell {
    values: RwLock<Values>,
    stats: Arc<Stats>,
}

impl ContextAttributes {
    pub(crate) fn new(stats: Arc<Stats>) -> Self {
        Self(Arc::new(Cell { values: RwLock::default(), stats }))
    }

    /// The attributes of the current operation.
    ///
    /// Outside any operation these belong to nobody: setting one has no effect.
    pub fn current() -> Self {
        Context::map_current(Self::of).unwrap_or_default()
    }

    pub(crate) fn of(context: &Context) -> Option<Self> {
        context.get::<Span>().map(|span| span.attributes().clone())
    }

    /// A copy for work that runs beside: what it sets is not seen here.
    #[must_use]
    pub fn fork(&self) -> Self {
        let values = self.0.values.read().clone();
        Self(Arc::new(Cell { values: RwLock::new(values), stats: self.0.stats.clone() }))
    }

    /// Sets a value. One that breaks its key's rule is refused and counted; the old one stays.
    pub fn set(&self, key: Key, value: impl AsRef<str>) -> &Self {
        let value = value.as_ref();
        if !key.definition().accepts(value) {
            self.0.stats.refuse(Refusal::Attribute);
        } else if let Some(slot) = self.0.values.write().get_mut(key.index()) {
            *slot = Some(value.into());
        }
        self
    }

    /// The value of `key`.
    pub fn value(&self, key: Key) -> Option<Arc<str>> {
        self.0.values.read().get(key.index()).cloned().flatten()
    }

    /// Calls `visit` with each value that is set, in the schema's order.
    pub fn for_each(&self, mut visit: impl FnMut(Key, &str)) {
        let values = self.0.values.read().clone();
        for (key, value) in Key::ALL.into_iter().zip(&values) {
            if let Some(value) = value {
                visit(key, value);
            }
        }
    }

    pub(crate) fn extend_metric(&self, dimensions: &mut Vec<KeyValue>) {
        self.for_each(|key, value| {
            if key.definition().travels(Exit::Metric) {
                dimensions.push(KeyValue::new(key.name(), value.to_owned()));
            }
        });
    }

    /// Sets `tenant`: on whose behalf the work is done. It reaches metrics; [`Key`] tells the rules.
    pub fn tenant(&self, tenant: impl AsRef<str>) -> &Self {
        self.set(Key::Tenant, tenant)
    }

    /// Sets `route`: the business route, as a template.
    pub fn route(&self, route: impl AsRef<str>) -> &Self {
        self.set(Key::Route, route)
    }

    /// Sets `component`: the part of the service.
    pub fn component(&self, component: impl AsRef<str>) -> &Self {
        self.set(Key::Component, component)
    }

    /// Sets `correlation_id`: the business key that the work is known by elsewhere.
    pub fn correlation_id(&self, id: impl AsRef<str>) -> &Self {
        self.set(Key::CorrelationId, id)
    }

    /// Sets `model_name` and `model_version`.
    pub fn model(&self, name: impl AsRef<str>, version: impl AsRef<str>) -> &Self {
        self.set(Key::ModelName, name).set(Key::ModelVersion, version)
    }

    /// Sets `purpose`: what personal data is processed for.
    pub fn purpose(&self, purpose: impl AsRef<str>) -> &Self {
        self.set(Key::Purpose, purpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let attributes = ContextAttributes::default();
        attributes.tenant("acme").tenant("two words");
        assert_eq!(attributes.value(Key::Tenant).as_deref(), Some("acme"));
        assert_eq!(attributes.0.stats.refused(Refusal::Attribute), 1);
    }
}
