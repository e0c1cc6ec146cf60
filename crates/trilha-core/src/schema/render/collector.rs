//! The schema as allow-lists for the OpenTelemetry Collector.
//!
//! Specification: the [redaction](https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.133.0/processor/redactionprocessor)
//! and [transform](https://github.com/open-telemetry/opentelemetry-collector-contrib/tree/v0.133.0/processor/transformprocessor)
//! processors of the Collector's contrib distribution, 0.133.

use std::{
    collections::BTreeSet,
    fmt::{Result, Write},
};

use super::{list, quoted};
use crate::schema::{Exit, Registry};

const INTRODUCTION: &str = "\
# Allow-lists for the OpenTelemetry Collector (contrib 0.120 or later): what is not on them is deleted.
# Put the processors into the pipelines of their signal, behind `memory_limiter` and before `batch`.
#
# `redaction` knows a key, wherever it stands, and can mask values as well (`blocked_values`).
# `transform` knows a key at its place: the resource, a span, an event, a data point. One of them is enough.
# What your own code writes beyond the schema is deleted too: define it in the platform's policy.
processors:
";

/// The schema as YAML with `processors`.
pub fn collector(registry: &Registry) -> String {
    let mut text = INTRODUCTION.to_owned();
    // A `String` takes all that is written.
    let _ = write(&mut text, registry);
    text
}

fn write(text: &mut String, registry: &Registry) -> Result {
    for (signal, exits) in [
        ("traces", &[Exit::Resource, Exit::Span, Exit::Event][..]),
        ("metrics", &[Exit::Resource, Exit::Metric]),
    ] {
        writeln!(text, "  redaction/trilha_{signal}:")?;
        writeln!(text, "    allow_all_keys: false")?;
        writeln!(text, "    allowed_keys:")?;
        for name in names(registry, exits) {
            writeln!(text, "      - {}", quoted(name))?;
        }
    }
    writeln!(text, "  transform/trilha:")?;
    writeln!(text, "    error_mode: propagate # what could not be cleaned goes no further")?;
    for (signal, places) in [
        ("trace", &[("resource", Exit::Resource), ("span", Exit::Span), ("spanevent", Exit::Event)][..]),
        ("metric", &[("resource", Exit::Resource), ("datapoint", Exit::Metric)]),
    ] {
        writeln!(text, "    {signal}_statements:")?;
        for (place, exit) in places {
            let names = list(names(registry, &[*exit]).into_iter());
            writeln!(text, "      - 'keep_keys({place}.attributes, {names})'")?;
        }
    }
    Ok(())
}

/// Each name that may leave by one of `exits`, the former ones too: older services still write them.
fn names<'a>(registry: &'a Registry, exits: &[Exit]) -> BTreeSet<&'a str> {
    let own = registry.definitions().filter(|one| exits.iter().any(|exit| one.travels(*exit)));
    let own = own.flat_map(|one| std::iter::once(one.name()).chain(one.formerly()));
    own.chain(exits.iter().flat_map(|exit| registry.opentelemetry.names(*exit))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    #[test]
    fn a_key_is_allowed_where_it_travels() {
        let schema = Schema::builtin();
        let span = names(schema.registry(), &[Exit::Span]);
        for name in ["tenant", "correlation_id", "http.status_code", "db.query.text", "run_id"] {
            assert!(span.contains(name), "{name}");
        }
        assert!(!span.contains("service.name"));
        let metric = names(schema.registry(), &[Exit::Metric]);
        assert!(metric.contains("tenant") && !metric.contains("correlation_id"));
        let resource = names(schema.registry(), &[Exit::Resource]);
        assert!(resource.contains("deployment.environment") && !resource.contains("tenant"));
    }

    #[test]
    fn each_place_has_its_list() {
        let text = collector(Schema::builtin().registry());
        assert!(text.contains("  redaction/trilha_metrics:\n    allow_all_keys: false\n    allowed_keys:\n"));
        assert!(text.contains("      - 'keep_keys(spanevent.attributes, [\"carrier\", "));
    }
}
