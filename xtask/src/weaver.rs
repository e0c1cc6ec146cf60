//! The manifest of the registry for OpenTelemetry's tooling; the registry itself is the schema's to write.

use trilha_core::schema::Registry;

/// `manifest.yaml`: the registry's version is ours, and its names rest on OpenTelemetry's.
pub(crate) fn manifest(registry: &Registry) -> String {
    let version = registry.opentelemetry.version();
    format!(
        "name: trilha
description: The attributes and events that the services of a platform share
schema_url: {repository}/schemas/{own}
dependencies:
  - schema_url: https://opentelemetry.io/schemas/{version}
    registry_path: https://github.com/open-telemetry/semantic-conventions@v{version}[model]
",
        repository = env!("CARGO_PKG_REPOSITORY"),
        own = env!("CARGO_PKG_VERSION"),
    )
}
