//! Who the service is: the resource of everything that it sends.
//!
//! Specification: [OpenTelemetry resource semantic conventions 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/resource/README.md).

use opentelemetry::KeyValue;
use trilha_core::{
    policy::Policy,
    schema::{Schema, Zone},
};

use super::env::Env;
use crate::SetupError;

const RESOURCE: &str = "OTEL_RESOURCE_ATTRIBUTES";
const ENVIRONMENT: &str = "deployment.environment.name";
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
        for (key, value) in env.pairs(RESOURCE)? {
            // The name of this attribute until 2024; what reads the new one must find it.
            let key = if key == "deployment.environment" { ENVIRONMENT.to_owned() } else { key };
            set(&mut pairs, &key, value);
        }
        if let Some(name) = env.text("OTEL_SERVICE_NAME") {
            set(&mut pairs, "service.name", name);
        }
        let of_program = [
            ("service.name", Some(options.service_name.clone()).filter(|name| !name.is_empty())),
            ("service.version", options.version.clone()),
            ("team", options.team.clone()),
            ("zone", options.zone.as_ref().map(ToString::to_string)),
            (ENVIRONMENT, options.environment.clone()),
        ];
        for (key, value) in of_program {
            if let Some(value) = value {
                set(&mut pairs, key, value);
            }
        }
        let zone_origin = if options.zone.is_some() { "zone" } else { RESOURCE };
        let schema = policy.map_or_else(Schema::default, |policy| policy.schema().clone());
        if let Some(policy) = policy {
            set(&mut pairs, POLICY_DIGEST, policy.digest().to_owned());
        }
        for (key, value) in pairs.clone() {
            if let Some(former) = schema.former_name(&key) {
                set(&mut pairs, former, value);
            }
        }
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
}

fn set(pairs: &mut Vec<(String, String)>, key: &str, value: String) {
    pairs.retain(|(known, _)| known != key);
    pairs.push((key.to_owned(), value));
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
}
