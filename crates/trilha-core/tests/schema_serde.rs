//! What the schema holds, written and read with serde.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, from_value, json, to_value};
use trilha_core::schema::{
    Consumer, Definition, Exit, Exits, Format, Key, Model, PiiClass, Schema, Stability, Tenant, ValueType,
    Zone, ZoneDefinition,
};

/// Both ways, and what stands between them.
fn stored<T: Debug + DeserializeOwned + PartialEq + Serialize>(value: T) -> Value {
    let json = to_value(&value).unwrap();
    assert_eq!(from_value::<T>(json.clone()).unwrap(), value);
    json
}

#[test]
fn names_are_those_of_the_registry() {
    for key in Key::ALL {
        assert_eq!(stored(key), key.name());
    }
    for exit in Exit::ALL {
        assert_eq!(stored(exit), exit.name());
    }
    for class in [PiiClass::None, PiiClass::Pseudonymous, PiiClass::Personal, PiiClass::Secret] {
        assert_eq!(stored(class), class.name());
    }
    for format in [Format::Identifier, Format::Text, Format::Template, Format::Digest, Format::Number] {
        assert_eq!(stored(format), format.name());
    }
    for stability in [Stability::Development, Stability::Stable] {
        assert_eq!(stored(stability), stability.name());
    }
    for value_type in [ValueType::String, ValueType::Int] {
        assert_eq!(stored(value_type), value_type.name());
    }
    assert_eq!(stored(Exits::of(&[Exit::Log, Exit::Span])), json!(["span", "log"]));
}

#[test]
fn values_are_text_and_are_checked() {
    assert_eq!(stored(Tenant::new("acme").unwrap()), "acme");
    assert_eq!(stored(Zone::Z6), "Z6");
    assert_eq!(stored(Zone::custom("dmz").unwrap()), "dmz");
    let error = from_value::<Tenant>(json!("two words")).unwrap_err().to_string();
    assert_eq!(error, "tenant holds white space");
    assert!(from_value::<Zone>(json!("two words")).is_err());

    let model = Model::new("churn", "2.3.1").unwrap().stage("production").unwrap();
    let json = json!({"name": "churn", "version": "2.3.1", "stage": "production", "policy_digest": null});
    assert_eq!(stored(model), json);
    let consumer = json!({"app": "mobile", "use_case": null, "purpose": null});
    assert_eq!(stored(Consumer::new("mobile").unwrap()), consumer);
    assert!(from_value::<Model>(json!({"name": "", "version": "1"})).is_err());
}

#[test]
fn a_definition_is_checked() {
    let channel = json!({
        "name": "sales_channel", "meaning": "Where the order came from", "values": ["web", "app"],
        "pii": "none", "travels": ["metric"],
    });
    let definition: Definition = from_value(channel.clone()).unwrap();
    assert_eq!(definition.cardinality(), Some(2));
    stored(definition);
    for (field, wrong) in [("pii", json!("secret")), ("travels", json!(["fax"])), ("colour", json!("red"))] {
        let mut channel = channel.clone();
        channel[field] = wrong;
        assert!(from_value::<Definition>(channel).is_err(), "{field}");
    }
}

#[test]
fn a_schema_keeps_what_a_platform_added() {
    let channel = Definition::builder("sales_channel", "Where the order came from").build().unwrap();
    let tenant = Key::Tenant.definition().to_builder().max_length(8).build().unwrap();
    let dmz = ZoneDefinition::new("dmz", "Takes the partners' requests in").unwrap().edge(true);
    let schema =
        Schema::builtin().with_key(channel).unwrap().with_key(tenant).unwrap().with_zone(dmz).unwrap();
    stored(schema.clone().with_former_names(true));

    let mut wider = stored(schema);
    wider["registry"]["context"][0]["max_length"] = json!(512);
    let error = from_value::<Schema>(wider).unwrap_err().to_string();
    assert_eq!(error, "tenant: max_length is more than the built-in key's");
}
