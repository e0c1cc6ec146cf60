//! The vocabulary that all services share: keys, and where each may travel.
//!
//! Attributes that OpenTelemetry defines (`http.route`, `db.system.name`…) are not repeated here;
//! this is what belongs to the platform: who asked, for what, by which model.

mod zone;

pub use zone::{InvalidZone, Zone};

/// A context-scoped attribute of the schema.
///
/// - **Values:** 1 to 128 bytes (`route`, `correlation_id` and `policy_digest` 256) without control
///   characters; a tenant, a correlation id and a digest also without white space. Another value is
///   refused and counted, and the old one stays.
/// - **Cardinality:** all but `correlation_id` and `policy_digest` are metric attributes: keep their
///   values few.
/// - **PII:** none is meant to hold any; a tenant or an application is an organisation's name, no person's.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Key {
    /// `tenant`: on whose behalf the work is done.
    Tenant,
    /// `route`: the business route, a template and never a path with values.
    Route,
    /// `component`: the part of the service, such as `gateway` or `model-svc`.
    Component,
    /// `correlation_id`: the business key that the work is known by elsewhere.
    CorrelationId,
    /// `model_name`: the model that answers.
    ModelName,
    /// `model_version`: its version, pinned.
    ModelVersion,
    /// `model_stage`: such as `staging` or `production`.
    ModelStage,
    /// `policy_digest`: the policy that the model ran under.
    PolicyDigest,
    /// `consumer_app`: the application that consumes the answer.
    ConsumerApp,
    /// `use_case`: what for.
    UseCase,
    /// `purpose`: the purpose that was declared for personal data (LGPD, article 6).
    Purpose,
}

/// A way by which a value leaves the process.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Exit {
    /// An attribute of a span.
    Span,
    /// A metric's attribute: bounded values only.
    Metric,
    /// A field of a log line.
    Log,
    /// A comment in a query.
    SqlComment,
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

    /// The attribute's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Route => "route",
            Self::Component => "component",
            Self::CorrelationId => "correlation_id",
            Self::ModelName => "model_name",
            Self::ModelVersion => "model_version",
            Self::ModelStage => "model_stage",
            Self::PolicyDigest => "policy_digest",
            Self::ConsumerApp => "consumer_app",
            Self::UseCase => "use_case",
            Self::Purpose => "purpose",
        }
    }

    /// The longest value, in bytes.
    pub const fn max_length(self) -> usize {
        match self {
            Self::Route | Self::CorrelationId | Self::PolicyDigest => 256,
            _ => 128,
        }
    }

    /// Whether a value may leave by `exit`.
    pub const fn travels(self, exit: Exit) -> bool {
        match exit {
            Exit::Span | Exit::Log => true,
            Exit::Metric => !matches!(self, Self::CorrelationId | Self::PolicyDigest),
            Exit::SqlComment => matches!(self, Self::Route),
        }
    }

    /// Whether `value` keeps the key's rule: not empty, not too long, printable, and without a space
    /// where the value is an identifier.
    pub fn accepts(self, value: &str) -> bool {
        let is_identifier = matches!(self, Self::Tenant | Self::CorrelationId | Self::PolicyDigest);
        (1..=self.max_length()).contains(&value.len())
            && !value.chars().any(|c| c.is_control() || (is_identifier && c.is_whitespace()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_place_in_the_list() {
        for (at, key) in Key::ALL.into_iter().enumerate() {
            assert_eq!(key as usize, at);
        }
    }

    #[test]
    fn a_tenant_is_one_word() {
        assert!(Key::Tenant.accepts("banking-core"));
        for bad in ["", "two words", "line\nbreak", &"x".repeat(129)] {
            assert!(!Key::Tenant.accepts(bad), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_no_metric_attributes() {
        assert!(!Key::CorrelationId.travels(Exit::Metric));
        assert!(Key::Tenant.travels(Exit::Metric));
    }
}
