//! What the tables and keys of a policy file mean. Where they stand, [`document`](super::document) knows.

use std::collections::BTreeMap;

use super::{
    Rules,
    document::{Document, Table},
    error::InvalidPolicy,
};
use crate::{
    CarrierKind,
    guard::{self, Action, Detector, InvalidPattern, KeyRules, Mode, Pattern, Place},
    propagation::Format as Propagator,
    schema::{
        Definition, DefinitionBuilder, Exit, Format, InvalidDefinition, PiiClass, Schema, Stability,
        ZoneDefinition,
    },
    trust::{Destinations, InvalidRule, Peers},
};

/// What a context key may be: text of an operation, so no number, and nothing of the resource.
const FORMATS: [Format; 4] = [Format::Identifier, Format::Text, Format::Template, Format::Digest];
const EXITS: [Exit; 7] =
    [Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::Baggage, Exit::SqlComment, Exit::MessageHeader];
const CLASSES: [PiiClass; 4] = [PiiClass::None, PiiClass::Pseudonymous, PiiClass::Personal, PiiClass::Secret];
const STABILITIES: [Stability; 2] = [Stability::Development, Stability::Stable];

pub(super) fn read(file: &[u8]) -> Result<Rules, InvalidPolicy> {
    let document = Document::new(file)?;
    let mut rules = Rules::default();
    read_root(document.root()?, &mut rules);
    document.finish(rules)
}

fn read_root(mut root: Table<'_>, rules: &mut Rules) {
    let version = root.number("version");
    root.demand(&["version"]);
    if version.is_some_and(|version: u64| version != 1) {
        // What the rest means, another version knows.
        return root.refuse_key("version", "expected 1");
    }
    for (name, zone) in root.tables("zones") {
        read_zone(name, zone, &mut rules.schema);
    }
    for (name, key) in root.tables("keys") {
        read_key(name, key, &mut rules.schema);
    }
    if let Some(trust) = root.table("trust") {
        read_trust(trust, rules);
    }
    if let Some(propagation) = root.table("propagation") {
        read_propagation(propagation, rules);
    }
    if let Some(baggage) = root.table("baggage") {
        rules.destinations = read_baggage(baggage);
    }
    if let Some(guard) = root.table("guard") {
        read_guard(guard, rules);
    }
    if let Some(mut names) = root.table("names") {
        let has_former_names = names.boolean("former").unwrap_or_default();
        rules.schema = std::mem::take(&mut rules.schema).with_former_names(has_former_names);
        names.refuse_rest();
    }
    root.refuse_rest();
}

/// Of a zone that is there, what the file does not say stays as it is.
fn read_zone(name: String, mut table: Table<'_>, schema: &mut Schema) {
    let known = schema.zones().iter().find(|known| known.zone().as_str() == name).cloned();
    let (meaning, is_edge) = (table.text("meaning"), table.boolean("edge"));
    let (known_meaning, known_edge) = match &known {
        Some(known) => (known.brief(), known.is_edge()),
        None => {
            table.demand(&["meaning"]);
            ("", false)
        }
    };
    if !table.has_faults() {
        let meaning = meaning.unwrap_or_else(|| known_meaning.to_owned());
        let zone = ZoneDefinition::new(name, meaning).map(|zone| zone.edge(is_edge.unwrap_or(known_edge)));
        update(schema, &table, zone.and_then(|zone| schema.clone().with_zone(zone)));
    }
    table.refuse_rest();
}

/// Of a key that is there, what the file does not say stays as it is.
fn read_key(name: String, mut table: Table<'_>, schema: &mut Schema) {
    let known = schema.position(&name).and_then(|at| schema.context_keys().get(at)).cloned();
    let builder = match &known {
        Some(known) => known.to_builder(),
        None => Definition::builder(name, ""),
    };
    let builder = set(builder, table.text("meaning"), DefinitionBuilder::brief);
    let format = table.one_of("format", &words(FORMATS, Format::name));
    let builder = set(builder, format, DefinitionBuilder::format);
    let builder = set(builder, table.texts("values"), DefinitionBuilder::values);
    let builder = set(builder, table.number("max_length"), DefinitionBuilder::max_length);
    let builder = set(builder, table.number("cardinality"), DefinitionBuilder::cardinality);
    let class = table.one_of("pii", &words(CLASSES, PiiClass::name));
    let builder = set(builder, class, DefinitionBuilder::pii);
    let exits = table.some_of::<_, Vec<_>>("travels", &words(EXITS, Exit::name));
    let builder = set(builder, exits, DefinitionBuilder::exits);
    let builder = set(builder, table.texts("examples"), DefinitionBuilder::examples);
    let builder = set(builder, table.text("formerly"), DefinitionBuilder::formerly);
    let stability = table.one_of("stability", &words(STABILITIES, Stability::name));
    let builder = set(builder, stability, DefinitionBuilder::stability);
    if known.is_none() {
        table.demand(&["meaning", "pii", "travels"]);
    }
    if !table.has_faults() {
        update(schema, &table, builder.build().and_then(|key| schema.clone().with_key(key)));
    }
    table.refuse_rest();
}

/// Each value by its name.
fn words<T: Copy, const N: usize>(values: [T; N], name: fn(T) -> &'static str) -> [(&'static str, T); N] {
    values.map(|value| (name(value), value))
}

fn set<T>(
    builder: DefinitionBuilder,
    value: Option<T>,
    with: impl FnOnce(DefinitionBuilder, T) -> DefinitionBuilder,
) -> DefinitionBuilder {
    match value {
        Some(value) => with(builder, value),
        None => builder,
    }
}

/// Takes the new schema, or refuses what `table` defines.
fn update(schema: &mut Schema, table: &Table<'_>, updated: Result<Schema, InvalidDefinition>) {
    match updated {
        Ok(updated) => *schema = updated,
        // The name is the table's own.
        Err(error) if error.field() == "name" => table.refuse(error.problem()),
        Err(error) => table.refuse_key(error.field(), error.problem()),
    }
}

fn read_trust(mut table: Table<'_>, rules: &mut Rules) {
    rules.peers = read_rules(&mut table, "peers", |peers| Peers::new(peers));
    let keeps_trace = table.one_of("edge", &[("new_trace", false), ("same_trace", true)]);
    rules.edge_keeps_trace = keeps_trace.unwrap_or_default();
    table.refuse_rest();
}

fn read_propagation(mut table: Table<'_>, rules: &mut Rules) {
    let formats = words(Propagator::ALL, Propagator::name);
    rules.read = table.some_of("read", &formats);
    rules.write = table.some_of("write", &formats);
    let is_off = |kind: &CarrierKind| table.boolean(kind.name()) == Some(false);
    rules.switched_off = CarrierKind::ALL.into_iter().filter(is_off).collect();
    rules.tracestate_bytes = table.number("tracestate_bytes");
    rules.baggage_bytes = table.number("baggage_bytes");
    table.refuse_rest();
}

fn read_baggage(mut table: Table<'_>) -> Option<Destinations> {
    let hosts = read_rules(&mut table, "destinations", |hosts| Destinations::new(hosts));
    let destinations = hosts.clone().unwrap_or_default();
    let with_topics = read_rules(&mut table, "topics", |topics| destinations.clone().topics(topics));
    table.refuse_rest();
    with_topics.or(hosts)
}

fn read_guard(mut table: Table<'_>, rules: &mut Rules) {
    let mut guard = guard::Rules::new();
    guard.mode = table.one_of("mode", &words(Mode::ALL, Mode::name)).unwrap_or_default();
    guard.is_dry_run = table.boolean("dry_run").unwrap_or_default();
    guard.value_bytes = table.number("value_bytes").unwrap_or(guard.value_bytes);
    if !(64..=1 << 20).contains(&guard.value_bytes) {
        table.refuse_key("value_bytes", "is not 64 to 1048576");
    }
    let detectors = words(Detector::SWITCHABLE, Detector::name);
    guard.off = table.some_of("off", &detectors).unwrap_or_default();
    guard.purposes = table.texts("purposes").unwrap_or_default().into_iter().collect();
    guard.detectors = read_actions(table.table("detectors"), &detectors);
    guard.classes = read_actions(table.table("classes"), &words(CLASSES, PiiClass::name));
    guard.places = read_actions(table.table("exits"), &words(Place::ALL, Place::name));
    for (key, mut of_key) in table.tables("keys") {
        let of = KeyRules {
            action: of_key.one_of("action", &words(Action::ALL, Action::name)),
            allowed: of_key.some_of("allow", &detectors).unwrap_or_default(),
            purposes: of_key.texts("purposes").map(|these| these.into_iter().collect()),
        };
        guard.keys.insert(key, of);
        of_key.refuse_rest();
    }
    for (number, (name, mut pattern)) in (0..).zip(table.tables("patterns")) {
        let regex = pattern.text("regex");
        let action = pattern.one_of("action", &words(Action::ALL, Action::name));
        pattern.demand(&["regex"]);
        guard.detectors.extend(action.map(|action| (Detector::Own(number), action)));
        match regex.map(|regex| Pattern::new(name, &regex)) {
            Some(Ok(_)) if rules.patterns.len() == Detector::MOST_OWN => {
                pattern.refuse("is one too many: there may be 32")
            }
            Some(Ok(read)) => rules.patterns.push(read),
            Some(Err(error @ InvalidPattern::Name)) => pattern.refuse(&error.to_string()),
            Some(Err(error)) => pattern.refuse_key("regex", &error.to_string()),
            None => {}
        }
        pattern.refuse_rest();
    }
    rules.guard = guard;
    table.refuse_rest();
}

/// What becomes of each of these.
fn read_actions<T: Copy + Ord>(table: Option<Table<'_>>, these: &[(&'static str, T)]) -> BTreeMap<T, Action> {
    let Some(mut table) = table else { return BTreeMap::new() };
    let actions = words(Action::ALL, Action::name);
    let read = these.iter().filter_map(|(name, one)| Some((*one, table.one_of(name, &actions)?))).collect();
    table.refuse_rest();
    read
}

fn read_rules<T>(
    table: &mut Table<'_>,
    key: &'static str,
    parse: impl FnOnce(&[&str]) -> Result<T, InvalidRule>,
) -> Option<T> {
    let values = table.list(key)?;
    let rules: Vec<_> = values.iter().map(|value| value.text()).collect::<Option<_>>()?;
    let refuse = |error: &InvalidRule| {
        if let Some(value) = values.get(error.position()) {
            value.refuse(error.reason());
        }
    };
    parse(&rules).inspect_err(refuse).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Trust,
        policy::Policy,
        propagation::Formats,
        schema::{InvalidZone, Zone},
    };

    const EXAMPLE: &str = include_str!("example.toml");

    #[test]
    fn the_example_says_what_it_says() {
        let policy = Policy::parse(EXAMPLE).unwrap();
        let schema = policy.schema();
        assert_eq!(schema.zone("dmz").map(|zone| schema.is_edge(&zone)), Ok(true));
        let channel = schema.get("sales_channel").unwrap();
        assert!(channel.accepts("web") && !channel.accepts("fax"));
        assert_eq!((channel.max_length(), channel.cardinality()), (32, Some(8)));
        assert!(EXITS.iter().all(|exit| channel.travels(*exit) || *exit == Exit::MessageHeader));
        let tenant = schema.get("tenant").unwrap();
        assert_eq!(tenant.exits().iter().collect::<Vec<_>>(), [Exit::Span, Exit::Log]);
        assert_eq!(tenant.cardinality(), Schema::builtin().get("tenant").unwrap().cardinality());
        assert!(schema.has_former_names());
        let customer = KeyRules::new().action(Action::Hash);
        let guard = guard::Rules::new()
            .mode(Mode::Strict)
            .dry_run(true)
            .value_bytes(8192)
            .without(Detector::IpAddress)
            .purpose("credit-protection")
            .detector(Detector::Email, Action::Hash)
            .detector(Detector::Own(0), Action::Drop)
            .class(PiiClass::Pseudonymous, Action::Hash)
            .place(Place::Status, Action::Drop)
            .key("shop.customer", customer)
            .key("user.id", KeyRules::new().purposes(["billing"]))
            .key("tenant", KeyRules::new().allow(Detector::Cnpj));
        assert_eq!(policy.guard(), &guard);
        assert_eq!(policy.patterns(), [Pattern::new("customer_code", r"\bC[0-9]{8}\b").unwrap()]);

        assert_eq!(policy.peers(), Some(&Peers::new(["10.0.0.0/8", "::1"]).unwrap()));
        assert_eq!(policy.edge(), Trust::Edge);
        assert_eq!(policy.read(), Some(Formats::of(&Propagator::ALL)));
        assert_eq!(policy.write(), Some(Formats::of(&[Propagator::TraceContext, Propagator::Baggage])));
        assert_eq!(policy.switched_off(), []);
        assert_eq!((policy.tracestate_bytes(), policy.baggage_bytes()), (Some(512), Some(2048)));
        let destinations = policy.destinations().unwrap();
        assert!(destinations.allows_host("api.partner.example") && destinations.allows_host("orders"));
        assert!(destinations.allows_topic("orders.created") && !destinations.allows_topic("audit"));
    }

    #[test]
    fn what_is_not_said_is_left_open() {
        let policy = Policy::parse("version = 1").unwrap();
        assert_eq!(policy, Policy::default());
        assert_eq!(policy.peers(), None);
        assert_eq!((policy.read(), policy.write()), (None, None));
        assert_eq!((policy.tracestate_bytes(), policy.baggage_bytes()), (None, None));
        assert_eq!(policy.destinations(), None);
        assert_eq!(policy.schema(), &Schema::builtin());
        assert_eq!(policy.schema().zone("dmz"), Err(InvalidZone::Unknown));
    }

    #[test]
    fn what_is_said_is_not_the_default() {
        let policy = |text: &str| Policy::parse(format!("version = 1\n{text}")).unwrap();
        assert_eq!(policy("[trust]\nedge = 'same_trace'").edge(), Trust::EdgeSameTrace);
        assert!(policy("[trust]\npeers = []").peers().is_some_and(Peers::is_empty));
        assert_eq!(policy("[propagation]\nread = []").read(), Some(Formats::default()));
        for kind in CarrierKind::ALL {
            let off = policy(&format!("[propagation]\n{} = false", kind.name()));
            assert_eq!(off.switched_off(), [kind]);
        }
        let topics = policy("[baggage]\ntopics = []");
        let topics = topics.destinations().unwrap();
        assert!(topics.allows_host("localhost") && !topics.allows_topic("orders"));
        let hosts = policy("[baggage]\ndestinations = []");
        let hosts = hosts.destinations().unwrap();
        assert!(!hosts.allows_host("localhost") && hosts.allows_topic("orders"));
        let zone = policy("[zones.Z2]\nedge = true");
        assert!(zone.schema().is_edge(&Zone::Z2));
        let zone = policy("[zones.Z1]\nmeaning = 'The front door'");
        assert!(zone.schema().is_edge(&Zone::Z1));
    }
}
