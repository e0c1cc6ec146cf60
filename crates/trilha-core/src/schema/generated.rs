//! Keys, typed values, setters and tables of the schema. Made from `schema/registry.toml` by
//! `cargo run -p xtask -- generate`: change it there.

use std::borrow::Cow::Borrowed;

use super::{
    Definition, EventDefinition, Exit, Exits, Format, OpenTelemetry, PiiClass, Stability, ValueType, Zone,
    ZoneDefinition, definition::Fields, value::typed_value,
};
use crate::ContextAttributes;

/// A context-scoped attribute that is built in. [`definition`](Self::definition) tells its rules.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize, serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Key {
    /// `tenant`: On whose behalf the work is done: an organisation, never a person.
    Tenant,
    /// `route`: The business route, as a template without values.
    Route,
    /// `component`: The part of the service that does the work.
    Component,
    /// `correlation_id`: The business key that the work is known by elsewhere.
    CorrelationId,
    /// `model_name`: The model that answers.
    ModelName,
    /// `model_version`: The model's version, pinned.
    ModelVersion,
    /// `model_stage`: How far the model has come towards production.
    ModelStage,
    /// `policy_digest`: The digest of the policy that the model ran under.
    PolicyDigest,
    /// `consumer_app`: The application that consumes the answer.
    ConsumerApp,
    /// `use_case`: What the answer is used for.
    UseCase,
    /// `purpose`: The purpose that was declared for personal data (LGPD, article 6).
    Purpose,
}

impl Key {
    /// Every key, in the order of the schema.
    pub const ALL: [Self; 11] = [
        Self::Tenant,
        Self::Route,
        Self::Component,
        Self::CorrelationId,
        Self::ModelName,
        Self::ModelVersion,
        Self::ModelStage,
        Self::PolicyDigest,
        Self::ConsumerApp,
        Self::UseCase,
        Self::Purpose,
    ];
}

typed_value! {
    /// `tenant`: on whose behalf the work is done: an organisation, never a person.
    ///
    /// - **Values:** [`Format::Identifier`], of at most 128 bytes.
    /// - **Cardinality:** at most 1000.
    /// - **PII:** none.
    Tenant
}

typed_value! {
    /// `route`: the business route, as a template without values.
    ///
    /// - **Values:** [`Format::Template`], of at most 256 bytes.
    /// - **Cardinality:** at most 500.
    /// - **PII:** none.
    Route
}

typed_value! {
    /// `component`: the part of the service that does the work.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 50.
    /// - **PII:** none.
    Component
}

typed_value! {
    /// `correlation_id`: the business key that the work is known by elsewhere.
    ///
    /// - **Values:** [`Format::Identifier`], of at most 256 bytes.
    /// - **Cardinality:** unbounded; never a metric attribute.
    /// - **PII:** pseudonymous.
    CorrelationId
}

typed_value! {
    /// `model_name`: the model that answers.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 100.
    /// - **PII:** none.
    ModelName
}

typed_value! {
    /// `model_version`: the model's version, pinned.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 100.
    /// - **PII:** none.
    ModelVersion
}

typed_value! {
    /// `model_stage`: how far the model has come towards production.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 10.
    /// - **PII:** none.
    ModelStage
}

typed_value! {
    /// `policy_digest`: the digest of the policy that the model ran under.
    ///
    /// - **Values:** [`Format::Digest`], of at most 256 bytes.
    /// - **Cardinality:** unbounded; never a metric attribute.
    /// - **PII:** none.
    PolicyDigest
}

typed_value! {
    /// `consumer_app`: the application that consumes the answer.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 500.
    /// - **PII:** none.
    ConsumerApp
}

typed_value! {
    /// `use_case`: what the answer is used for.
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 100.
    /// - **PII:** none.
    UseCase
}

typed_value! {
    /// `purpose`: the purpose that was declared for personal data (LGPD, article 6).
    ///
    /// - **Values:** [`Format::Text`], of at most 128 bytes.
    /// - **Cardinality:** at most 20.
    /// - **PII:** none.
    Purpose
}

impl ContextAttributes {
    /// Sets `tenant`: on whose behalf the work is done: an organisation, never a person.
    pub fn tenant(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::Tenant, value)
    }

    /// Sets `route`: the business route, as a template without values.
    pub fn route(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::Route, value)
    }

    /// Sets `component`: the part of the service that does the work.
    pub fn component(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::Component, value)
    }

    /// Sets `correlation_id`: the business key that the work is known by elsewhere.
    pub fn correlation_id(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::CorrelationId, value)
    }

    /// Sets `model_name`: the model that answers.
    pub fn model_name(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::ModelName, value)
    }

    /// Sets `model_version`: the model's version, pinned.
    pub fn model_version(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::ModelVersion, value)
    }

    /// Sets `model_stage`: how far the model has come towards production.
    pub fn model_stage(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::ModelStage, value)
    }

    /// Sets `policy_digest`: the digest of the policy that the model ran under.
    pub fn policy_digest(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::PolicyDigest, value)
    }

    /// Sets `consumer_app`: the application that consumes the answer.
    pub fn consumer_app(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::ConsumerApp, value)
    }

    /// Sets `use_case`: what the answer is used for.
    pub fn use_case(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::UseCase, value)
    }

    /// Sets `purpose`: the purpose that was declared for personal data (LGPD, article 6).
    pub fn purpose(&self, value: impl AsRef<str>) -> &Self {
        self.set(Key::Purpose, value)
    }
}

impl Zone {
    /// Takes requests in from outside: an edge.
    pub const Z1: Self = Self::known("Z1");

    /// Moves and shapes data: raw.
    pub const Z2: Self = Self::known("Z2");

    /// Moves and shapes data.
    pub const Z3: Self = Self::known("Z3");

    /// Moves and shapes data.
    pub const Z4: Self = Self::known("Z4");

    /// Moves and shapes data.
    pub const Z5: Self = Self::known("Z5");

    /// Serves models.
    pub const Z6: Self = Self::known("Z6");

    /// Consumes their answers.
    pub const Z7: Self = Self::known("Z7");

    /// For a platform to assign.
    pub const Z8: Self = Self::known("Z8");

    /// Watches: monitoring and audit.
    pub const Z9: Self = Self::known("Z9");

    /// The built-in zones.
    pub const ALL: [Self; 9] =
        [Self::Z1, Self::Z2, Self::Z3, Self::Z4, Self::Z5, Self::Z6, Self::Z7, Self::Z8, Self::Z9];
}

pub(super) static CONTEXT: [Definition; 11] = [
    Definition(Fields {
        name: Borrowed("tenant"),
        brief: Borrowed("On whose behalf the work is done: an organisation, never a person"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(1000),
        max_length: 128,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::Baggage]),
        formerly: None,
        examples: Borrowed(&[Borrowed("acme"), Borrowed("banking-core")]),
    }),
    Definition(Fields {
        name: Borrowed("route"),
        brief: Borrowed("The business route, as a template without values"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(500),
        max_length: 256,
        format: Format::Template,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::SqlComment]),
        formerly: None,
        examples: Borrowed(&[
            Borrowed("/api/churn/v2/predict"),
            Borrowed("/orders/{id}"),
            Borrowed("orders.Orders/Place"),
        ]),
    }),
    Definition(Fields {
        name: Borrowed("component"),
        brief: Borrowed("The part of the service that does the work"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(50),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log]),
        formerly: None,
        examples: Borrowed(&[Borrowed("gateway"), Borrowed("waf"), Borrowed("model-svc")]),
    }),
    Definition(Fields {
        name: Borrowed("correlation_id"),
        brief: Borrowed("The business key that the work is known by elsewhere"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 256,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::Pseudonymous,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Log, Exit::MessageHeader]),
        formerly: None,
        examples: Borrowed(&[Borrowed("order-7")]),
    }),
    Definition(Fields {
        name: Borrowed("model_name"),
        brief: Borrowed("The model that answers"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(100),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log]),
        formerly: None,
        examples: Borrowed(&[Borrowed("churn")]),
    }),
    Definition(Fields {
        name: Borrowed("model_version"),
        brief: Borrowed("The model's version, pinned"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(100),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log]),
        formerly: None,
        examples: Borrowed(&[Borrowed("2.3.1")]),
    }),
    Definition(Fields {
        name: Borrowed("model_stage"),
        brief: Borrowed("How far the model has come towards production"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(10),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log]),
        formerly: None,
        examples: Borrowed(&[Borrowed("staging"), Borrowed("production")]),
    }),
    Definition(Fields {
        name: Borrowed("policy_digest"),
        brief: Borrowed("The digest of the policy that the model ran under"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 256,
        format: Format::Digest,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Log]),
        formerly: None,
        examples: Borrowed(&[Borrowed("sha256:9f86d081884c7d65")]),
    }),
    Definition(Fields {
        name: Borrowed("consumer_app"),
        brief: Borrowed("The application that consumes the answer"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(500),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::Baggage]),
        formerly: None,
        examples: Borrowed(&[Borrowed("mobile-banking")]),
    }),
    Definition(Fields {
        name: Borrowed("use_case"),
        brief: Borrowed("What the answer is used for"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(100),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::Baggage]),
        formerly: None,
        examples: Borrowed(&[Borrowed("retention-campaign")]),
    }),
    Definition(Fields {
        name: Borrowed("purpose"),
        brief: Borrowed("The purpose that was declared for personal data (LGPD, article 6)"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(20),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Event, Exit::Metric, Exit::Log, Exit::Baggage]),
        formerly: None,
        examples: Borrowed(&[Borrowed("credit-protection")]),
    }),
];

pub(super) static ATTRIBUTES: [Definition; 25] = [
    Definition(Fields {
        name: Borrowed("service.name"),
        brief: Borrowed("The service's name"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 256,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource, Exit::SqlComment]),
        formerly: None,
        examples: Borrowed(&[Borrowed("order-service")]),
    }),
    Definition(Fields {
        name: Borrowed("service.version"),
        brief: Borrowed("The service's version"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource]),
        formerly: None,
        examples: Borrowed(&[Borrowed("1.4.0")]),
    }),
    Definition(Fields {
        name: Borrowed("deployment.environment.name"),
        brief: Borrowed("Where the service is deployed"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource]),
        formerly: Some(Borrowed("deployment.environment")),
        examples: Borrowed(&[Borrowed("production"), Borrowed("staging"), Borrowed("development")]),
    }),
    Definition(Fields {
        name: Borrowed("team"),
        brief: Borrowed("The team that owns the service"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource]),
        formerly: None,
        examples: Borrowed(&[Borrowed("checkout")]),
    }),
    Definition(Fields {
        name: Borrowed("zone"),
        brief: Borrowed("Where in the platform the service stands"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(32),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource, Exit::Metric, Exit::SqlComment]),
        formerly: None,
        examples: Borrowed(&[Borrowed("Z1"), Borrowed("Z6")]),
    }),
    Definition(Fields {
        name: Borrowed("runtime"),
        brief: Borrowed("What the service is written in"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource]),
        formerly: None,
        examples: Borrowed(&[Borrowed("rust"), Borrowed("python"), Borrowed("node"), Borrowed("java")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.policy.digest"),
        brief: Borrowed("The digest of the platform's policy file that the service runs under"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: None,
        max_length: 80,
        format: Format::Digest,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Resource]),
        formerly: None,
        examples: Borrowed(&[Borrowed("sha256:9f86d081884c7d65")]),
    }),
    Definition(Fields {
        name: Borrowed("http.response.status_code"),
        brief: Borrowed("The status of an HTTP response"),
        value_type: ValueType::Int,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(100),
        max_length: 3,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Metric]),
        formerly: Some(Borrowed("http.status_code")),
        examples: Borrowed(&[Borrowed("200"), Borrowed("503")]),
    }),
    Definition(Fields {
        name: Borrowed("sdk.version"),
        brief: Borrowed("The version of the SDK by which an application consumes the answer"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(100),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("3.1.0")]),
    }),
    Definition(Fields {
        name: Borrowed("run_id"),
        brief: Borrowed("One run of a batch job"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: None,
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("scheduled-2026-11-21")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.name"),
        brief: Borrowed("The batch job"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: Some(100),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span, Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("nightly-scoring")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.partition"),
        brief: Borrowed("The part of the run that the span works on"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: None,
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("2026-11-21")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.partition_count"),
        brief: Borrowed("How many partitions the run had"),
        value_type: ValueType::Int,
        unit: Some(Borrowed("{partition}")),
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("24")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.failed_partition_count"),
        brief: Borrowed("How many partitions of the run failed"),
        value_type: ValueType::Int,
        unit: Some(Borrowed("{partition}")),
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("1")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.item_count"),
        brief: Borrowed("How many items were worked on"),
        value_type: ValueType::Int,
        unit: Some(Borrowed("{item}")),
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("100000")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.failed_item_count"),
        brief: Borrowed("How many items failed"),
        value_type: ValueType::Int,
        unit: Some(Borrowed("{item}")),
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("3")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.link_count"),
        brief: Borrowed("How many links there are, on the span and on those below it that hold the rest"),
        value_type: ValueType::Int,
        unit: Some(Borrowed("{link}")),
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("300")]),
    }),
    Definition(Fields {
        name: Borrowed("trilha.batch.link_part"),
        brief: Borrowed("Which part of the links a span holds, counted from 2"),
        value_type: ValueType::Int,
        unit: None,
        stability: Stability::Development,
        cardinality: None,
        max_length: 20,
        format: Format::Number,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Span]),
        formerly: None,
        examples: Borrowed(&[Borrowed("2")]),
    }),
    Definition(Fields {
        name: Borrowed("reason"),
        brief: Borrowed("Why: of a lost span, of broken propagation"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: Some(20),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Event, Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("queue_full")]),
    }),
    Definition(Fields {
        name: Borrowed("what"),
        brief: Borrowed("What was refused"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: Some(20),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("traceparent")]),
    }),
    Definition(Fields {
        name: Borrowed("carrier"),
        brief: Borrowed("What the context came in with"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Development,
        cardinality: Some(10),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Event, Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("http")]),
    }),
    Definition(Fields {
        name: Borrowed("peer"),
        brief: Borrowed("Who sent work without a trace: a service's address, a topic or a queue"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(65),
        max_length: 128,
        format: Format::Text,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("10.0.3.7"), Borrowed("orders")]),
    }),
    Definition(Fields {
        name: Borrowed("exit"),
        brief: Borrowed("Where something was hidden that would have left the service"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(20),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("span_attribute")]),
    }),
    Definition(Fields {
        name: Borrowed("detector"),
        brief: Borrowed("What was hidden: by what the guard found it"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(64),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("email")]),
    }),
    Definition(Fields {
        name: Borrowed("callback"),
        brief: Borrowed("Which foreign code panicked in the midst of somebody's work"),
        value_type: ValueType::String,
        unit: None,
        stability: Stability::Stable,
        cardinality: Some(32),
        max_length: 32,
        format: Format::Identifier,
        values: Borrowed(&[]),
        pii: PiiClass::None,
        exits: Exits::of(&[Exit::Metric]),
        formerly: None,
        examples: Borrowed(&[Borrowed("route")]),
    }),
];

pub(super) static EVENTS: [EventDefinition; 3] = [
    EventDefinition {
        name: Borrowed("policy_denied"),
        brief: Borrowed("A policy did not allow what was asked for"),
        stability: Stability::Stable,
        attributes: Borrowed(&[Borrowed("policy_digest")]),
    },
    EventDefinition {
        name: Borrowed("dlp_redacted"),
        brief: Borrowed("The guard against data loss took something out of an input or an output"),
        stability: Stability::Stable,
        attributes: Borrowed(&[Borrowed("policy_digest")]),
    },
    EventDefinition {
        name: Borrowed("trilha.propagation.broken"),
        brief: Borrowed("Work came in without the trace that it should belong to"),
        stability: Stability::Development,
        attributes: Borrowed(&[Borrowed("reason"), Borrowed("carrier")]),
    },
];

pub(super) static ZONES: [ZoneDefinition; 9] = [
    ZoneDefinition { zone: Zone::Z1, brief: Borrowed("Takes requests in from outside"), is_edge: true },
    ZoneDefinition { zone: Zone::Z2, brief: Borrowed("Moves and shapes data: raw"), is_edge: false },
    ZoneDefinition { zone: Zone::Z3, brief: Borrowed("Moves and shapes data"), is_edge: false },
    ZoneDefinition { zone: Zone::Z4, brief: Borrowed("Moves and shapes data"), is_edge: false },
    ZoneDefinition { zone: Zone::Z5, brief: Borrowed("Moves and shapes data"), is_edge: false },
    ZoneDefinition { zone: Zone::Z6, brief: Borrowed("Serves models"), is_edge: false },
    ZoneDefinition { zone: Zone::Z7, brief: Borrowed("Consumes their answers"), is_edge: false },
    ZoneDefinition { zone: Zone::Z8, brief: Borrowed("For a platform to assign"), is_edge: false },
    ZoneDefinition { zone: Zone::Z9, brief: Borrowed("Watches: monitoring and audit"), is_edge: false },
];

pub(super) const OPENTELEMETRY: OpenTelemetry = OpenTelemetry {
    version: Borrowed("1.37.0"),
    resource: Borrowed(&[
        Borrowed("deployment.environment.name"),
        Borrowed("service.name"),
        Borrowed("service.version"),
        Borrowed("telemetry.sdk.language"),
        Borrowed("telemetry.sdk.name"),
        Borrowed("telemetry.sdk.version"),
    ]),
    span: Borrowed(&[
        Borrowed("db.collection.name"),
        Borrowed("db.namespace"),
        Borrowed("db.operation.name"),
        Borrowed("db.query.summary"),
        Borrowed("db.query.text"),
        Borrowed("db.response.returned_rows"),
        Borrowed("db.response.status_code"),
        Borrowed("db.system.name"),
        Borrowed("error.type"),
        Borrowed("http.request.method"),
        Borrowed("http.request.method_original"),
        Borrowed("http.response.status_code"),
        Borrowed("http.route"),
        Borrowed("messaging.batch.message_count"),
        Borrowed("messaging.consumer.group.name"),
        Borrowed("messaging.destination.anonymous"),
        Borrowed("messaging.destination.name"),
        Borrowed("messaging.destination.partition.id"),
        Borrowed("messaging.destination.template"),
        Borrowed("messaging.destination.temporary"),
        Borrowed("messaging.kafka.message.tombstone"),
        Borrowed("messaging.kafka.offset"),
        Borrowed("messaging.message.conversation_id"),
        Borrowed("messaging.message.id"),
        Borrowed("messaging.operation.name"),
        Borrowed("messaging.operation.type"),
        Borrowed("messaging.rabbitmq.destination.routing_key"),
        Borrowed("messaging.rabbitmq.message.delivery_tag"),
        Borrowed("messaging.system"),
        Borrowed("network.protocol.version"),
        Borrowed("rpc.method"),
        Borrowed("rpc.method_original"),
        Borrowed("rpc.status_code"),
        Borrowed("rpc.system.name"),
        Borrowed("server.address"),
        Borrowed("server.port"),
        Borrowed("url.full"),
        Borrowed("url.path"),
        Borrowed("url.scheme"),
        Borrowed("url.template"),
        Borrowed("user_agent.original"),
    ]),
    metric: Borrowed(&[
        Borrowed("db.collection.name"),
        Borrowed("db.namespace"),
        Borrowed("db.operation.name"),
        Borrowed("db.query.summary"),
        Borrowed("db.response.status_code"),
        Borrowed("db.system.name"),
        Borrowed("error.type"),
        Borrowed("http.request.method"),
        Borrowed("http.response.status_code"),
        Borrowed("http.route"),
        Borrowed("messaging.consumer.group.name"),
        Borrowed("messaging.destination.name"),
        Borrowed("messaging.destination.template"),
        Borrowed("messaging.operation.name"),
        Borrowed("messaging.system"),
        Borrowed("network.protocol.version"),
        Borrowed("rpc.method"),
        Borrowed("rpc.status_code"),
        Borrowed("rpc.system.name"),
        Borrowed("server.address"),
        Borrowed("server.port"),
        Borrowed("url.scheme"),
        Borrowed("url.template"),
    ]),
};
