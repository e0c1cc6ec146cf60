//! A policy that is written can be read, and says the same.

use proptest::{prelude::*, sample::subsequence};
use trilha_core::{
    CarrierKind,
    guard::{Action, Detect, Detector, KeyRules, Mode, Pattern, Place, Rules},
    policy::Policy,
    propagation::{Format as Propagator, Formats},
    schema::{Definition, Exit, Format, Key, PiiClass, Stability, ZoneDefinition},
    trust::{Destinations, Peers},
};

const CLASSES: [PiiClass; 4] = [PiiClass::None, PiiClass::Pseudonymous, PiiClass::Personal, PiiClass::Secret];

#[test]
fn the_digest_is_that_of_the_file() {
    let file = "version = 1\n# a comment counts\n";
    let policy = Policy::parse(file).unwrap();
    // printf 'version = 1\n# a comment counts\n' | sha256sum
    let expected = "sha256:bd6c0aa92e39e7ed80b91516c84fe5e23fc4add61d8f094b1de6476dfc223248";
    assert_eq!(policy.digest(), expected);
    let other = Policy::parse("version = 1\n").unwrap();
    assert_eq!(policy, other);
    assert_ne!(policy.digest(), other.digest());
}

#[test]
fn a_policy_of_code_has_the_digest_of_its_file() {
    let policy = Policy::builder().former_names(true).without(CarrierKind::Database).build();
    let file = policy.to_toml();
    assert_eq!(file, "version = 1\n\n[propagation]\ndatabase = false\n\n[names]\nformer = true\n");
    assert_eq!(Policy::parse(file).unwrap().digest(), policy.digest());
    assert_eq!(Policy::default().to_toml(), "version = 1\n");
}

#[test]
fn what_is_said_later_is_a_rule_of_its_own() {
    let twice = Policy::builder().without(CarrierKind::Http).without(CarrierKind::Grpc);
    let other = Policy::builder().without(CarrierKind::Grpc).without(CarrierKind::Http);
    assert_eq!(twice.without(CarrierKind::Http).build(), other.build());
}

fn text() -> impl Strategy<Value = String> {
    // Quotes, escapes, controls and what looks like TOML.
    prop_oneof!["[ -~]{1,20}", "\\PC{1,10}", Just("a\"\\\n\t\0\u{7f}\u{85}'''\r".to_owned())]
        .prop_filter("a meaning is not empty", |text| !text.trim().is_empty())
}

fn own_key() -> impl Strategy<Value = Definition> {
    let formats = [Format::Identifier, Format::Text, Format::Template, Format::Digest];
    let exits = Exit::ALL.into_iter().filter(|exit| *exit != Exit::Resource).collect::<Vec<_>>();
    let key = (
        ("own_[a-z]{3}(\\.[a-z]{3})?", text(), any::<bool>(), prop::option::of("was_[a-z]{3}")),
        (prop::sample::select(formats.to_vec()), prop::collection::vec("[a-z]{1,8}", 0..4), 8..1024_usize),
        (prop::option::of(4..1000_u32), prop::sample::select(CLASSES.to_vec()), subsequence(exits, 0..=7)),
        prop::option::of("[a-z]{1,8}"),
    );
    key.prop_filter_map("a consistent key", |((name, brief, is_stable, was), form, bounds, example)| {
        let (format, values, max_length) = form;
        let (cardinality, pii, exits) = bounds;
        let mut key = Definition::builder(name, brief).format(format).max_length(max_length).pii(pii);
        key = key.examples(values.first().cloned().or(example)).values(values).exits(exits);
        key = key.stability(if is_stable { Stability::Stable } else { Stability::Development });
        if let Some(most) = cardinality {
            key = key.cardinality(most);
        }
        if let Some(was) = was {
            key = key.formerly(was);
        }
        key.build().ok()
    })
}

fn narrower_key() -> impl Strategy<Value = Definition> {
    let key = prop::sample::select(Key::ALL.to_vec());
    (key, text(), 1..=64_usize, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(key, brief, max_length, count, is_private)| {
            let known = key.definition();
            let exits: Vec<_> = known.exits().iter().collect();
            let few = exits.iter().copied().take(count.index(exits.len() + 1));
            let key = known.to_builder().brief(brief).max_length(max_length).exits(few);
            let key = if is_private { key.pii(PiiClass::Pseudonymous) } else { key };
            key.build().unwrap()
        },
    )
}

fn zone() -> impl Strategy<Value = ZoneDefinition> {
    let zone = ("(Z[2-9]|[a-z]{1,4}[-_0-9]{0,3})", text(), any::<bool>());
    zone.prop_map(|(name, brief, is_edge)| ZoneDefinition::new(name, brief).unwrap().edge(is_edge))
}

fn schema() -> impl Strategy<Value = Vec<Definition>> {
    let own = prop::collection::vec(own_key(), 0..4);
    let narrower = prop::collection::vec(narrower_key(), 0..3);
    (own, narrower).prop_map(|(own, narrower)| own.into_iter().chain(narrower).collect())
}

fn destinations() -> impl Strategy<Value = Destinations> {
    let hosts = ["private", "*", "orders", "*.partner.example", "10.0.0.0/8", "2001:db8::1"];
    let topics = ["*", "orders.*", "é\"\\", "a b"];
    (subsequence(hosts.to_vec(), 0..=6), subsequence(topics.to_vec(), 0..=4))
        .prop_map(|(hosts, topics)| Destinations::new(hosts).unwrap().topics(topics).unwrap())
}

fn formats() -> impl Strategy<Value = Formats> {
    subsequence(Propagator::ALL.to_vec(), 0..=5).prop_map(Formats::from_iter)
}

fn peers() -> impl Strategy<Value = Peers> {
    let rules = ["10.0.0.0/8", "::1", "fd00::/8", "0.0.0.0/0", "::ffff:192.0.2.0/120"];
    subsequence(rules.to_vec(), 0..=5).prop_map(|rules| Peers::new(rules).unwrap())
}

fn action() -> impl Strategy<Value = Action> {
    prop::sample::select(Action::ALL.to_vec())
}

fn key_rules() -> impl Strategy<Value = KeyRules> {
    let detectors = subsequence(Detector::SWITCHABLE.to_vec(), 0..=3);
    let purposes = prop::option::of(prop::collection::vec("[a-z -]{1,9}", 0..3));
    (prop::option::of(action()), detectors, purposes).prop_map(|(action, allowed, purposes)| {
        let rules = action.into_iter().fold(KeyRules::new(), KeyRules::action);
        let rules = allowed.into_iter().fold(rules, KeyRules::allow);
        purposes.into_iter().fold(rules, KeyRules::purposes)
    })
}

prop_compose! {
    fn guard()(
        mode in prop::sample::select(Mode::ALL.to_vec()),
        is_dry_run in any::<bool>(),
        value_bytes in 64..100_000_usize,
        off in subsequence(Detector::SWITCHABLE.to_vec(), 0..=3),
        purposes in prop::collection::vec(text(), 0..3),
        detectors in prop::collection::vec((prop::sample::select(Detector::SWITCHABLE.to_vec()), action()), 0..4),
        classes in prop::collection::vec((prop::sample::select(CLASSES.to_vec()), action()), 0..3),
        places in prop::collection::vec((prop::sample::select(Place::ALL.to_vec()), action()), 0..4),
        keys in prop::collection::vec((text(), key_rules()), 0..3),
    ) -> Rules {
        let mut rules = Rules::new().mode(mode).dry_run(is_dry_run).value_bytes(value_bytes);
        rules = off.into_iter().fold(rules, Rules::without);
        rules = purposes.into_iter().fold(rules, Rules::purpose);
        rules = detectors.into_iter().fold(rules, |rules, (detector, action)| rules.detector(detector, action));
        rules = classes.into_iter().fold(rules, |rules, (class, action)| rules.class(class, action));
        rules = places.into_iter().fold(rules, |rules, (place, action)| rules.place(place, action));
        keys.into_iter().fold(rules, |rules, (key, of)| rules.key(key, of))
    }
}

fn patterns() -> impl Strategy<Value = Vec<(Pattern, Option<Action>)>> {
    let pattern =
        ("own_[a-z]{4}", prop::sample::select(vec!["C[0-9]+", "\"'\\\\", "é"]), prop::option::of(action()));
    let pattern = pattern.prop_map(|(name, regex, action)| (Pattern::new(name, regex).unwrap(), action));
    prop::collection::vec(pattern, 0..3).prop_filter("names are different", |these| {
        let names: std::collections::HashSet<_> = these.iter().map(|(of, _)| of.name().to_owned()).collect();
        names.len() == these.len()
    })
}

prop_compose! {
    fn policy()(
        guard in guard(),
        patterns in patterns(),
        zones in prop::collection::vec(zone(), 0..4),
        keys in schema(),
        peers in prop::option::of(peers()),
        (read, write) in (prop::option::of(formats()), prop::option::of(formats())),
        (tracestate, baggage) in (prop::option::of(any::<u32>()), prop::option::of(any::<u32>())),
        off in subsequence(CarrierKind::ALL.to_vec(), 0..=5),
        destinations in prop::option::of(destinations()),
        (keeps_trace, has_former_names) in any::<(bool, bool)>(),
    ) -> Policy {
        let mut policy = Policy::builder().edge_keeps_trace(keeps_trace).former_names(has_former_names);
        for zone in zones {
            policy = policy.clone().zone(zone).unwrap_or(policy);
        }
        for key in keys {
            policy = policy.clone().key(key).unwrap_or(policy);
        }
        policy = off.into_iter().fold(policy, |policy, kind| policy.without(kind));
        policy = peers.into_iter().fold(policy, |policy, peers| policy.peers(peers));
        policy = read.into_iter().fold(policy, |policy, read| policy.read(read));
        policy = write.into_iter().fold(policy, |policy, write| policy.write(write));
        policy = tracestate.into_iter().fold(policy, |policy, most| policy.tracestate_bytes(most as usize));
        policy = baggage.into_iter().fold(policy, |policy, most| policy.baggage_bytes(most as usize));
        policy = destinations.into_iter().fold(policy, |policy, who| policy.destinations(who));
        let mut guard = guard;
        for (number, (pattern, action)) in (0..).zip(patterns) {
            policy = policy.pattern(pattern);
            guard = action.into_iter().fold(guard, |guard, of| guard.detector(Detector::Own(number), of));
        }
        policy.guard(guard).build()
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(policy in policy()) {
        let file = policy.to_toml();
        let read = Policy::parse(&file);
        prop_assert!(read.is_ok(), "{}\n{file}", read.unwrap_err());
        let read = read.unwrap();
        prop_assert_eq!(&read, &policy, "{}", file);
        prop_assert_eq!(read.digest(), policy.digest());
        prop_assert_eq!(read.to_toml(), file);
    }
}
