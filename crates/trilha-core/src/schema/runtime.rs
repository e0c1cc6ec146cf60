//! The schema at run time: what is built in, and what a platform adds.

use std::sync::{Arc, LazyLock};

use super::{
    Definition, EventDefinition, Exit, InvalidDefinition, InvalidZone, Registry, ValueType, Zone,
    ZoneDefinition,
};

static BUILTIN: LazyLock<Schema> =
    LazyLock::new(|| Schema(Arc::new(Inner { registry: Registry::builtin(), has_former_names: false })));

/// Context keys, built-in ones included: each operation has room for all of them.
const MOST_KEYS: usize = 128;
/// Zones, built-in ones included: the bound of the resource attribute `zone`.
const MOST_ZONES: usize = 32;

/// What log lines and SQL comments use for themselves, beside the attributes of the registry.
const RESERVED: [&str; 13] = [
    "trace_id",
    "span_id",
    "parent_id",
    "trace_flags",
    "traceparent",
    "tracestate",
    "baggage",
    "ts",
    "level",
    "target",
    "msg",
    "fields",
    "service",
];

/// The built-in attributes and zones, and those of a platform. Clones share one.
///
/// ```
/// use trilha_core::schema::{Definition, Exit, Schema};
///
/// let channel = Definition::builder("sales_channel", "Where the order came from")
///     .values(["web", "app"])
///     .exits([Exit::Span, Exit::Metric, Exit::Baggage])
///     .build()?;
/// let schema = Schema::builtin().with_key(channel)?;
/// assert!(schema.get("sales_channel").is_some_and(|key| key.accepts("web")));
/// # Ok::<(), trilha_core::schema::InvalidDefinition>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Deserialize, serde::Serialize),
    serde(try_from = "Inner", into = "Inner")
)]
pub struct Schema(Arc<Inner>);

#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize))]
struct Inner {
    #[cfg_attr(feature = "serde", serde(default, rename = "former_names"))]
    has_former_names: bool,
    registry: Registry,
}

impl Schema {
    /// What is built in, and nothing else.
    pub fn builtin() -> Self {
        BUILTIN.clone()
    }

    /// Adds a context key of a platform's own, or makes the rule of one that is there narrower.
    ///
    /// A narrower rule allows no value, no length, no cardinality and no exit that the wider one does not,
    /// and its PII class is the same or a higher one.
    ///
    /// # Errors
    /// When the rule is wider, when the name is one of another attribute, of OpenTelemetry's namespaces or
    /// of ours (`trilha.…`), and when the key would be a number or travel on the resource: a context key
    /// is text, and of the work in hand. A new key has no header of its own either, and there may be 128
    /// of them, as many as attributes on a span.
    pub fn with_key(mut self, definition: Definition) -> Result<Self, InvalidDefinition> {
        let registry = &mut Arc::make_mut(&mut self.0).registry;
        let fields = &definition.0;
        fields.ensure(fields.value_type == ValueType::String, "type", "is not string")?;
        fields.ensure(
            !definition.travels(Exit::Resource),
            "travels",
            "holds resource: the key is of an operation",
        )?;
        match registry.context.iter_mut().find(|known| known.name() == definition.name()) {
            Some(known) => {
                definition.check_within(known)?;
                *known = definition;
            }
            None => {
                fields.ensure(
                    !definition.travels(Exit::MessageHeader),
                    "travels",
                    "holds message_header: only correlation_id has one; others travel as baggage",
                )?;
                let names = std::iter::once(definition.name()).chain(definition.formerly());
                for name in names {
                    let is_free = !registry.is_taken(name);
                    fields.ensure(
                        is_free,
                        if name == definition.name() { "name" } else { "formerly" },
                        "is taken",
                    )?;
                }
                let has_room = registry.context.len() < MOST_KEYS;
                fields.ensure(
                    has_room,
                    "name",
                    "is one too many: there may be 128 keys, built-in ones included",
                )?;
                registry.context.push(definition);
            }
        }
        Ok(self)
    }

    /// Adds a zone of a platform's own, or gives a built-in one another meaning.
    ///
    /// # Errors
    /// When the zone is an edge, and would be none any more; and when there are 32 zones already.
    pub fn with_zone(mut self, definition: ZoneDefinition) -> Result<Self, InvalidDefinition> {
        let zones = &mut Arc::make_mut(&mut self.0).registry.zones;
        let name = definition.zone.to_string();
        let has_room = zones.len() < MOST_ZONES;
        let is_alike = zones.iter().any(|known| known.zone.as_str().eq_ignore_ascii_case(&name));
        match zones.iter_mut().find(|known| known.zone == definition.zone) {
            Some(known) if known.is_edge && !definition.is_edge => {
                return Err(InvalidDefinition {
                    name,
                    field: "edge",
                    problem: "would be taken from an edge",
                });
            }
            Some(known) => *known = definition,
            None if is_alike => {
                let problem = "differs from another zone by upper and lower case alone";
                return Err(InvalidDefinition { name, field: "name", problem });
            }
            None if has_room => zones.push(definition),
            None => {
                let problem = "is one too many: there may be 32 zones, built-in ones included";
                return Err(InvalidDefinition { name, field: "name", problem });
            }
        }
        Ok(self)
    }

    /// Whether attributes are also written under the names that older readers know. Defaults to false.
    #[must_use]
    pub fn with_former_names(mut self, has_former_names: bool) -> Self {
        Arc::make_mut(&mut self.0).has_former_names = has_former_names;
        self
    }

    /// Whether attributes are also written under the names that older readers know.
    pub fn has_former_names(&self) -> bool {
        self.0.has_former_names
    }

    /// The context keys: the built-in ones in the order of [`Key`](super::Key), then the platform's own.
    pub fn context_keys(&self) -> &[Definition] {
        &self.0.registry.context
    }

    /// The place of a context key in [`context_keys`](Self::context_keys).
    pub fn position(&self, name: &str) -> Option<usize> {
        self.context_keys().iter().position(|key| key.name() == name)
    }

    /// What is known of the attribute `name`.
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.0.registry.get(name)
    }

    /// Every attribute: first the [context keys](Self::context_keys).
    pub fn definitions(&self) -> impl Iterator<Item = &Definition> {
        self.0.registry.definitions()
    }

    /// The events of spans.
    pub fn events(&self) -> &[EventDefinition] {
        &self.0.registry.events
    }

    /// The zones: first Z1 to Z9.
    pub fn zones(&self) -> &[ZoneDefinition] {
        &self.0.registry.zones
    }

    /// The zone of this name.
    ///
    /// # Errors
    /// When there is none.
    pub fn zone(&self, name: &str) -> Result<Zone, InvalidZone> {
        let found = self.zones().iter().find(|known| known.zone.as_str() == name);
        found.map(|known| known.zone.clone()).ok_or(InvalidZone::Unknown)
    }

    /// Whether the zone takes work from strangers. One that is not known may.
    pub fn is_edge(&self, zone: &Zone) -> bool {
        !self.zones().iter().any(|known| known.zone == *zone && !known.is_edge)
    }

    /// The name under which `name` is written a second time, if [that is asked for](Self::with_former_names).
    #[inline]
    pub fn former_name(&self, name: &str) -> Option<&str> {
        if self.0.has_former_names { self.get(name)?.formerly() } else { None }
    }

    /// All of it, as plain data.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }
}

impl Default for Schema {
    fn default() -> Self {
        Self::builtin()
    }
}

/// Of what was stored, context keys and zones count, as a platform's additions: they are checked again.
/// What the rest says is this version's to say.
#[cfg(feature = "serde")]
impl TryFrom<Inner> for Schema {
    type Error = InvalidDefinition;

    fn try_from(stored: Inner) -> Result<Self, Self::Error> {
        let schema = Self::builtin().with_former_names(stored.has_former_names);
        let schema = stored.registry.context.into_iter().try_fold(schema, Self::with_key)?;
        stored.registry.zones.into_iter().try_fold(schema, Self::with_zone)
    }
}

#[cfg(feature = "serde")]
impl From<Schema> for Inner {
    fn from(schema: Schema) -> Self {
        Arc::unwrap_or_clone(schema.0)
    }
}

impl Registry {
    /// Whether `name` is not a platform's to take.
    fn is_taken(&self, name: &str) -> bool {
        RESERVED.contains(&name)
            || name.starts_with("trilha.")
            || name.starts_with("otel.")
            || self.opentelemetry.owns(name)
            || self.definitions().any(|known| known.name() == name || known.formerly() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{DefinitionBuilder, Format, Key, PiiClass};

    fn key(name: &'static str) -> DefinitionBuilder {
        Definition::builder(name, "A key of the platform")
    }

    #[test]
    fn a_platform_adds_keys_after_the_built_in_ones() {
        let schema = Schema::builtin().with_key(key("sales_channel").build().unwrap()).unwrap();
        assert_eq!(schema.position("sales_channel"), Some(Key::ALL.len()));
        for key in Key::ALL {
            assert_eq!(schema.position(key.name()), Some(key.index()));
            assert_eq!(schema.context_keys()[key.index()], *key.definition());
        }
        assert_eq!(Schema::builtin().position("sales_channel"), None);
    }

    #[test]
    fn a_name_that_is_taken_is_refused() {
        for name in ["team", "trace_id", "http.mine", "service.mine", "trilha.mine", "otel.mine", "level"] {
            let error = Schema::builtin().with_key(key(name).build().unwrap()).unwrap_err();
            assert_eq!((error.name(), error.field()), (name, "name"));
        }
        let shadow = key("mine").formerly("tenant").build().unwrap();
        assert_eq!(Schema::builtin().with_key(shadow).unwrap_err().field(), "formerly");
        let of_service = key("mine").exits([Exit::Resource]).build().unwrap();
        assert_eq!(Schema::builtin().with_key(of_service).unwrap_err().field(), "travels");
    }

    #[test]
    fn a_rule_may_become_narrower_and_never_wider() {
        let tenant = || Key::Tenant.definition().to_builder();
        let narrow = tenant().cardinality(9).max_length(8).pii(PiiClass::Pseudonymous).exits([Exit::Span]);
        let schema = Schema::builtin().with_key(narrow.build().unwrap()).unwrap();
        let known = schema.get("tenant").unwrap();
        assert!(known.accepts("acme") && !known.accepts("banking-core") && !known.travels(Exit::Log));
        assert_eq!(schema.context_keys().len(), Key::ALL.len());

        let listed = tenant().values(["acme", "globex"]).build().unwrap();
        let listed = Schema::builtin().with_key(listed).unwrap();
        assert!(!listed.get("tenant").unwrap().accepts("initech"));

        for (wider, field) in [
            (tenant().cardinality(1_001), "cardinality"),
            (tenant().max_length(129), "max_length"),
            (tenant().format(Format::Text), "format"),
            (tenant().exits([Exit::SqlComment]), "travels"),
            (tenant().formerly("customer"), "formerly"),
        ] {
            let error = Schema::builtin().with_key(wider.build().unwrap()).unwrap_err();
            assert_eq!((error.name(), error.field()), ("tenant", field));
        }
        let id = Key::CorrelationId.definition().to_builder().pii(PiiClass::None).build().unwrap();
        assert_eq!(Schema::builtin().with_key(id).unwrap_err().field(), "pii");
        let unlisted = tenant().build().unwrap();
        assert_eq!(listed.with_key(unlisted).unwrap_err().field(), "format");
    }

    #[test]
    fn an_edge_stays_one() {
        let dmz = ZoneDefinition::new("dmz", "Takes the partners' requests in").unwrap().edge(true);
        let schema = Schema::builtin().with_zone(dmz).unwrap();
        let edges: Vec<_> = schema.zones().iter().filter(|known| known.is_edge()).collect();
        assert_eq!(edges.iter().map(|known| known.zone().as_str()).collect::<Vec<_>>(), ["Z1", "dmz"]);
        assert!(schema.is_edge(&schema.zone("dmz").unwrap()) && !schema.is_edge(&Zone::Z2));
        assert_eq!(Schema::builtin().zone("dmz"), Err(InvalidZone::Unknown));

        let z1 = ZoneDefinition::new("Z1", "Not an edge").unwrap();
        assert_eq!(schema.with_zone(z1).unwrap_err().field(), "edge");
    }

    #[test]
    fn former_names_are_told_on_request() {
        let schema = Schema::builtin();
        assert_eq!(schema.former_name("http.response.status_code"), None);
        let schema = schema.with_former_names(true);
        assert_eq!(schema.former_name("http.response.status_code"), Some("http.status_code"));
        assert_eq!(schema.former_name("tenant"), None);
    }

    #[test]
    fn every_built_in_definition_is_consistent() {
        let registry = Registry::builtin();
        for definition in registry.definitions() {
            assert_eq!(Definition::try_from(definition.0.clone()).as_ref(), Ok(definition));
            assert!(definition.examples().len() > 0, "{}", definition.name());
            let is_alone =
                registry.definitions().filter(|other| other.name() == definition.name()).count() == 1;
            assert!(is_alone, "{}", definition.name());
        }
        for name in registry.events.iter().flat_map(EventDefinition::attributes) {
            assert!(registry.get(name).is_some_and(|known| known.travels(Exit::Event)), "{name}");
        }
    }
}
