//! Who the service is: the resource of everything that it sends.
//!
//! Specification: [OpenTelemetry resource semantic conventions 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/resource/README.md).

use opentelemetry::KeyValue;
use trilha_core::{
    guard::{PiiGuard, Place},
    policy::Policy,
    recorder::{WITHHELD, to_key_value},
    schema::{Exit, Schema, Zone},
};

use super::{env::Env, policy::POLICY};
use crate::SetupError;

const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const ENVIRONMENT: &str = "deployment.environment.name";
const FORMER_ENVIRONMENT: &str = "deployment.environment";
const POLICY_DIGEST: &str = "trilha.policy.digest";

/// What the program itself said about the service.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResourceOptions {
    pub(crate) service_name: String,
    pub(crate) version: Option<String>,
    pub(crate) team: Option<String>,
    pub(crate) zone: Option<Zone>,
    pub(crate) environment: Option<String>,
}

/// The resource, and what the rest of the set-up wants to know of it.
#[derive(Clone, Debug)]
pub(crate) struct ServiceResource {
    pub(crate) service_name: String,
    pub(crate) zone: Option<Zone>,
    /// Whether it serves real users: production or staging.
    pub(crate) is_deployed: bool,
    pub(crate) attributes: Vec<KeyValue>,
}

impl ServiceResource {
    pub(crate) fn resolve(
        options: &ResourceOptions,
        policy: Option<&Policy>,
        env: &Env,
    ) -> Result<Self, SetupError> {
        let mut pairs = vec![
            ("telemetry.sdk.name".into(), "trilha".into()),
            ("telemetry.sdk.language".into(), "rust".into()),
            ("telemetry.sdk.version".into(), env!("CARGO_PKG_VERSION").into()),
            ("runtime".to_owned(), "rust".to_owned()),
        ];
        let schema = policy.map_or_else(Schema::default, |policy| policy.schema().clone());
        let mut set = |origin: &'static str, key: &str, value: String| {
            let definition = schema.get(key).filter(|definition| definition.travels(Exit::Resource));
            if let Some(Err(error)) = definition.map(|definition| definition.check(&value)) {
                return Err(SetupError::new(origin, error));
            }
            pairs.retain(|(known, _)| known != key);
            pairs.push((key.to_owned(), value));
            Ok(())
        };
        let mut of_environment = env.pairs(RESOURCE)?;
        of_environment.retain(|(key, _)| key != POLICY_DIGEST); // only a policy has one
        // The name of this attribute until 2024; what reads the new one must find it, and the new one counts.
        of_environment.sort_by_key(|(key, _)| key != FORMER_ENVIRONMENT);
        for (key, value) in of_environment {
            let key = if key == FORMER_ENVIRONMENT { ENVIRONMENT } else { &key };
            set(RESOURCE, key, value)?;
        }
        if let Some(name) = env.text("OTEL_SERVICE_NAME") {
            set("OTEL_SERVICE_NAME", "service.name", name)?;
        }
        let of_program = [
            ("builder", "service.name", Some(options.service_name.clone()).filter(|name| !name.is_empty())),
            ("version", "service.version", options.version.clone()),
            ("team", "team", options.team.clone()),
            ("zone", "zone", options.zone.as_ref().map(ToString::to_string)),
            ("environment", ENVIRONMENT, options.environment.clone()),
        ];
        for (setter, key, value) in of_program {
            if let Some(value) = value {
                set(setter, key, value)?;
            }
        }
        if let Some(policy) = policy {
            set(POLICY, POLICY_DIGEST, policy.digest().to_owned())?;
        }
        let former =
            |(key, value): &(String, String)| Some((schema.former_name(key)?.to_owned(), value.clone()));
        let former: Vec<_> = pairs.iter().filter_map(former).collect();
        pairs.extend(former);
        let zone_origin = if options.zone.is_some() { "zone" } else { RESOURCE };
        let value = |key: &str| pairs.iter().find(|(known, _)| known == key).map(|(_, v)| v.clone());
        let Some(service_name) = value("service.name") else {
            return Err(SetupError::new("OTEL_SERVICE_NAME", "the service has no name"));
        };
        let zone = match value("zone") {
            Some(zone) => Some(schema.zone(&zone).map_err(|error| SetupError::new(zone_origin, error))?),
            None => None,
        };
        let is_deployed = matches!(value(ENVIRONMENT).as_deref(), Some("production" | "staging"));
        let attributes = pairs.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        Ok(Self { service_name, zone, is_deployed, attributes })
    }

    /// Leaves of its attributes what the guard lets through.
    pub(crate) fn judge(&mut self, guard: &PiiGuard) {
        let borrow = |attribute: &KeyValue| (attribute.key.to_string(), attribute.value.to_string());
        let attributes: Vec<_> = self.attributes.iter().map(borrow).collect();
        let attributes: Vec<_> =
            attributes.iter().map(|(key, value)| (key.as_str(), value.as_str().into())).collect();
        guard.judge_attributes(Place::Resource, &attributes, |left| {
            self.attributes = left.iter().copied().map(to_key_value).collect();
        });
        let name = self.attributes.iter().find(|attribute| attribute.key.as_str() == "service.name");
        self.service_name = name.map_or_else(|| WITHHELD.to_owned(), |name| name.value.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> ResourceOptions {
        ResourceOptions { service_name: "orders".into(), ..ResourceOptions::default() }
    }

    fn value(resource: &ServiceResource, key: &str) -> Option<String> {
        let found = resource.attributes.iter().find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| attribute.value.to_string())
    }

    #[test]
    fn what_the_program_says_stands_above_the_environment() {
        let env = Env::of(&[
            ("OTEL_SERVICE_NAME", "other"),
            (RESOURCE, "team=a,service.version=1,deployment.environment=production,zone=Z6"),
        ]);
        let options = ResourceOptions { version: Some("2".into()), ..options() };
        let resource = ServiceResource::resolve(&options, None, &env).unwrap();
        assert_eq!(resource.service_name, "orders");
        assert_eq!(value(&resource, "service.version").as_deref(), Some("2"));
        assert_eq!(value(&resource, "team").as_deref(), Some("a"));
        assert_eq!(value(&resource, ENVIRONMENT).as_deref(), Some("production"));
        assert_eq!(resource.zone, Some(Zone::Z6));
        assert!(resource.is_deployed);
    }

    #[test]
    fn a_service_has_a_name_and_a_zone_that_exists() {
        let nobody = ResourceOptions::default();
        let error = ServiceResource::resolve(&nobody, None, &Env::of(&[])).unwrap_err();
        assert_eq!(error.option(), "OTEL_SERVICE_NAME");
        let env = Env::of(&[(RESOURCE, "zone=Z0")]);
        assert_eq!(ServiceResource::resolve(&options(), None, &env).unwrap_err().option(), RESOURCE);
    }

    #[test]
    fn a_value_against_the_schema_is_refused_by_name() {
        let spaced = ResourceOptions { team: Some("a\nb".into()), ..options() };
        assert_eq!(ServiceResource::resolve(&spaced, None, &Env::of(&[])).unwrap_err().option(), "team");
        let env = Env::of(&[(RESOURCE, "service.version=%1b[31m")]);
        assert_eq!(ServiceResource::resolve(&options(), None, &env).unwrap_err().option(), RESOURCE);
    }

    #[test]
    fn todays_name_of_the_environment_counts_and_a_digest_is_a_policys() {
        let claims =
            "deployment.environment.name=production,deployment.environment=dev,trilha.policy.digest=sha256:0";
        let env = Env::of(&[(RESOURCE, claims)]);
        let resource = ServiceResource::resolve(&options(), None, &env).unwrap();
        assert_eq!(value(&resource, ENVIRONMENT).as_deref(), Some("production"));
        assert_eq!(value(&resource, POLICY_DIGEST), None);
    }

    #[test]
    fn a_policy_tells_its_digest_and_asks_for_former_names() {
        let policy = Policy::parse("version = 1\n[names]\nformer = true\n").unwrap();
        let options = ResourceOptions { environment: Some("test".into()), ..options() };
        let resource = ServiceResource::resolve(&options, Some(&policy), &Env::of(&[])).unwrap();
        assert_eq!(value(&resource, POLICY_DIGEST).as_deref(), Some(policy.digest()));
        assert_eq!(value(&resource, FORMER_ENVIRONMENT).as_deref(), Some("test"));
    }
}
