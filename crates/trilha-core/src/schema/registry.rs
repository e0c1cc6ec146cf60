//! The schema as plain data: what the registry file holds, and what every table is made from.

use std::borrow::Cow;

use super::{Definition, Exit, ZoneDefinition, generated};

type Text = Cow<'static, str>;

/// All that a [`Schema`](super::Schema) knows.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(deny_unknown_fields))]
#[non_exhaustive]
pub struct Registry {
    /// The context-scoped attributes.
    pub context: Vec<Definition>,
    /// The attributes of the service, and those that adapters set.
    #[cfg_attr(feature = "serde", serde(rename = "attribute"))]
    pub attributes: Vec<Definition>,
    /// The events of spans.
    #[cfg_attr(feature = "serde", serde(rename = "event"))]
    pub events: Vec<EventDefinition>,
    /// The zones of the platform.
    #[cfg_attr(feature = "serde", serde(rename = "zone"))]
    pub zones: Vec<ZoneDefinition>,
    /// What OpenTelemetry defines and our adapters write.
    pub opentelemetry: OpenTelemetry,
}

/// What is known of a span's event.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(deny_unknown_fields))]
pub struct EventDefinition {
    pub(super) name: Text,
    #[cfg_attr(feature = "serde", serde(rename = "meaning"))]
    pub(super) brief: Text,
    pub(super) stability: super::Stability,
    pub(super) attributes: Cow<'static, [Text]>,
}

/// Attributes that OpenTelemetry defines and our adapters write, by where they write them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(deny_unknown_fields))]
pub struct OpenTelemetry {
    pub(super) version: Text,
    pub(super) resource: Cow<'static, [Text]>,
    pub(super) span: Cow<'static, [Text]>,
    pub(super) metric: Cow<'static, [Text]>,
}

impl Registry {
    pub(super) fn builtin() -> Self {
        Self {
            context: generated::CONTEXT.to_vec(),
            attributes: generated::ATTRIBUTES.to_vec(),
            events: generated::EVENTS.to_vec(),
            zones: generated::ZONES.to_vec(),
            opentelemetry: generated::OPENTELEMETRY,
        }
    }

    /// Each attribute: first the context-scoped ones.
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.context.iter().chain(&self.attributes)
    }

    /// The attribute of this name.
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.definitions().find(|definition| definition.name() == name)
    }
}

impl EventDefinition {
    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it means, in one sentence without a full stop.
    pub fn brief(&self) -> &str {
        &self.brief
    }

    /// Whether name and meaning may still change.
    pub fn stability(&self) -> super::Stability {
        self.stability
    }

    /// The attributes that it may carry.
    pub fn attributes(&self) -> impl ExactSizeIterator<Item = &str> {
        self.attributes.iter().map(|name| &**name)
    }
}

impl OpenTelemetry {
    /// The version of the semantic conventions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What is written to `exit`.
    pub fn names(&self, exit: Exit) -> impl ExactSizeIterator<Item = &str> {
        let names = match exit {
            Exit::Resource => &*self.resource,
            Exit::Span => &*self.span,
            Exit::Metric => &*self.metric,
            _ => &[],
        };
        names.iter().map(|name| &**name)
    }

    /// Whether `name` is one of OpenTelemetry's.
    pub fn defines(&self, name: &str) -> bool {
        [Exit::Resource, Exit::Span, Exit::Metric]
            .into_iter()
            .any(|exit| self.names(exit).any(|one| one == name))
    }

    /// Whether `name` stands in a namespace of one of these, such as `http.`.
    pub(super) fn owns(&self, name: &str) -> bool {
        let namespace = |name: &str| name.split_once('.').map(|(namespace, _)| namespace.to_owned());
        let own = namespace(name);
        own.is_some()
            && [Exit::Resource, Exit::Span, Exit::Metric]
                .into_iter()
                .any(|exit| self.names(exit).any(|one| namespace(one) == own))
    }
}
