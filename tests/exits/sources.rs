//! The exits, listed from the code: a file that begins to write text out fails here, until somebody has seen to it
//! that the guard is asked, and adds the file.
//!
//! Not listed: `trilha-testing` and `trilha-cli`, which show what they are given to who runs them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use trilha::guard::Place;

/// A way out.
struct Exit {
    /// What leaves, and where the guard is asked.
    what: &'static str,
    /// The names without which one cannot go that way.
    names: &'static [&'static str],
    files: &'static [&'static str],
}

const EXITS: &[Exit] = &[
    Exit {
        what: "spans: `SpanWriter` asks, and nobody else has a record or a sink to write to",
        names: &["SpanRecord", "SpanSink", "recorder()"],
        files: &[
            "trilha-core/src/operation/builder.rs",
            "trilha-core/src/recorder/child.rs",
            "trilha-core/src/recorder/mod.rs",
            "trilha-core/src/recorder/noop.rs",
            "trilha-core/src/recorder/span.rs",
            "trilha-core/src/recorder/unkept.rs",
            "trilha-core/src/recorder/writer.rs",
            "trilha-otlp/src/record/mod.rs",
            "trilha-otlp/src/record/span.rs",
            "trilha-sdk/src/counts/spans.rs",
            "trilha-sdk/src/recorder.rs",
            "trilha/src/telemetry/mod.rs",
        ],
    },
    Exit {
        what: "spans of foreign code: the layer asks before it adds an event to one, `SpanExt` writes to ours, which ask; \
               all others read ids",
        names: &["TraceContextExt"],
        files: &[
            "trilha-batch/src/run.rs",
            "trilha-core/src/api/span.rs",
            "trilha-core/src/operation/arrival.rs",
            "trilha-core/src/operation/descent.rs",
            "trilha-core/src/recorder/span.rs",
            "trilha-reqwest/src/send.rs",
            "trilha-sdk/src/recorder.rs",
            "trilha-tracing/src/event.rs",
            "trilha-tracing/src/layer.rs",
            "trilha-tracing/src/logs/mod.rs",
            "trilha-tracing/src/span_ext.rs",
        ],
    },
    Exit {
        what: "metrics: `Handle` gives out meters that ask; an SDK's own one stays with it",
        names: &["MeterProvider", "meter_with_scope"],
        files: &[
            "trilha-core/src/api/meter.rs",
            "trilha-core/src/fence.rs",
            "trilha-core/src/handle.rs",
            "trilha-sdk/src/metrics.rs",
        ],
    },
    Exit {
        what: "attributes of the API's own type: the settings ask for those of the resource, the meters for those of \
               metrics, our spans for those of `SpanExt`, `guarded` for those of the SDK's spans",
        names: &["KeyValue::new"],
        files: &[
            "trilha-core/src/attributes/mod.rs",
            "trilha-core/src/operation/measure.rs",
            "trilha-core/src/operation/mod.rs",
            "trilha-core/src/recorder/value.rs",
            "trilha-sdk/src/counts/instruments.rs",
            "trilha-sdk/src/counts/mod.rs",
            "trilha-sdk/src/counts/spans.rs",
            "trilha-sdk/src/guarded/judge.rs",
            "trilha-tower/src/instruments.rs",
            "trilha-tracing/src/span_ext.rs",
            "trilha/src/settings/resource.rs",
        ],
    },
    Exit {
        what: "lines: both formats of logs ask for message and fields; an exporter's hold spans, which asked",
        names: &["Writer", "stdout", "stderr", "println", "eprintln", "print", "eprint"],
        files: &[
            "trilha-otlp/src/config/endpoint.rs",
            "trilha-otlp/src/transport/lines.rs",
            "trilha-tracing/src/logs/fields.rs",
            "trilha-tracing/src/logs/json.rs",
            "trilha-tracing/src/logs/text.rs",
            "trilha/src/telemetry/install.rs",
            "trilha/src/telemetry/start.rs",
        ],
    },
    Exit {
        what: "what Trilha itself logs, by `tracing`: texts of its own, and keys",
        names: &[
            "tracing::error",
            "tracing::warn",
            "tracing::info",
            "tracing::debug",
            "tracing::trace",
            "tracing::event",
        ],
        files: &[
            "trilha-otlp/src/worker/log.rs",
            "trilha/src/telemetry/mod.rs",
            "trilha/src/telemetry/notices.rs",
            "trilha/src/telemetry/signal.rs",
        ],
    },
    Exit {
        what: "baggage, tracestate and ids in carriers: `propagation/send.rs` asks before it sets a field",
        names: &["CarrierMut"],
        files: &[
            "trilha-batch/src/partition.rs",
            "trilha-batch/src/run.rs",
            "trilha-batch/src/step.rs",
            "trilha-core/src/api/propagator.rs",
            "trilha-core/src/carrier.rs",
            "trilha-core/src/http/carrier.rs",
            "trilha-core/src/lib.rs",
            "trilha-core/src/messaging/client.rs",
            "trilha-core/src/operation/inbound.rs",
            "trilha-core/src/operation/mod.rs",
            "trilha-core/src/propagation/environment.rs",
            "trilha-core/src/propagation/send.rs",
            "trilha-lapin/src/headers.rs",
            "trilha-rdkafka/src/headers/mod.rs",
            "trilha-rdkafka/src/producer.rs",
            "trilha-sqlx/src/comment.rs",
            "trilha/src/lib.rs",
        ],
    },
    Exit {
        what: "headers of HTTP: of carriers, of exports, and those of a response, which hold random ids",
        names: &["HeaderMap", "HeaderValue"],
        files: &[
            "trilha-core/src/http/carrier.rs",
            "trilha-otlp/src/config/endpoint.rs",
            "trilha-otlp/src/transport/connect.rs",
            "trilha-otlp/src/transport/http.rs",
            "trilha-reqwest/src/redirect.rs",
            "trilha-reqwest/src/request.rs",
            "trilha-sdk/src/headers.rs",
            "trilha-tower/src/exchange/mod.rs",
            "trilha-tower/src/grpc.rs",
            "trilha-tower/src/request.rs",
            "trilha-tower/src/server/fields.rs",
            "trilha-tower/src/server/head.rs",
            "trilha-tower/src/server/operation.rs",
            "trilha/src/settings/exporter.rs",
        ],
    },
    Exit {
        what: "headers of messages: of carriers",
        names: &["FieldTable", "AMQPValue", "OwnedHeaders"],
        files: &[
            "trilha-lapin/src/headers.rs",
            "trilha-rdkafka/src/headers/mod.rs",
            "trilha-rdkafka/src/headers/native.rs",
            "trilha-rdkafka/src/message.rs",
            "trilha-rdkafka/src/producer.rs",
        ],
    },
    Exit {
        what: "comments of queries: `settings.rs` asks, the rest is the user's own text",
        names: &["SqlStr", "AssertSqlSafe"],
        files: &[
            "trilha-sqlx/src/connection.rs",
            "trilha-sqlx/src/database.rs",
            "trilha-sqlx/src/pool.rs",
            "trilha-sqlx/src/settings.rs",
            "trilha-sqlx/src/sql/cache.rs",
            "trilha-sqlx/src/sql/mod.rs",
            "trilha-sqlx/src/transaction.rs",
        ],
    },
    Exit {
        what: "files, sockets and processes: a policy and certificates are read, a child process gets a carrier, and spans \
               that asked are written",
        names: &["fs", "TcpStream", "UdpSocket", "UnixStream", "Command"],
        files: &[
            "trilha-core/src/propagation/environment.rs",
            "trilha-otlp/src/transport/lines.rs",
            "trilha/src/settings/exporter.rs",
            "trilha/src/settings/policy.rs",
        ],
    },
];

#[test]
fn every_file_that_writes_text_out_is_known() {
    let sources = sources();
    let mut wrong = Vec::new();
    for Exit { what, names, files } in EXITS {
        let uses = |source: &&Source| names.iter().any(|name| source.has(name));
        let found: BTreeSet<_> = sources.iter().filter(uses).map(|source| source.path.as_str()).collect();
        let known: BTreeSet<_> = files.iter().copied().collect();
        wrong.extend(found.difference(&known).map(|file| format!("{file} is new to: {what}")));
        wrong.extend(known.difference(&found).map(|file| format!("{file} is no longer among: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guard_is_asked_at_every_place() {
    let sources = sources();
    // There, places are named, and nothing is written.
    let is_asking = |source: &&Source| {
        !["place.rs", "judge.rs"].iter().any(|file| source.path == format!("trilha-core/src/guard/{file}"))
    };
    let asks = |name: &str| sources.iter().filter(is_asking).any(|source| source.has(name));
    for place in Place::ALL {
        assert!(asks(&format!("Place::{place:?}")), "nobody asks at {place}");
    }
}

/// A file, without its comments and its tests.
struct Source {
    /// Below `crates`.
    path: String,
    code: String,
}

impl Source {
    fn read(crates: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let path = path.strip_prefix(crates).unwrap().to_str().unwrap().to_owned();
        Self { path, code: code.join("\n") }
    }

    /// Whether a name stands in it as a whole word.
    fn has(&self, name: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        self.code.match_indices(name).any(|(at, _)| {
            let (before, rest) = self.code.split_at(at);
            let after = rest.get(name.len()..).unwrap_or_default();
            !before.ends_with(is_word) && !after.starts_with(is_word)
        })
    }
}

fn sources() -> Vec<Source> {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut files = Vec::new();
    for package in fs::read_dir(&crates).unwrap().map(|entry| entry.unwrap().path()) {
        if !package.ends_with("trilha-testing") && !package.ends_with("trilha-cli") {
            collect(&package.join("src"), &mut files);
        }
    }
    assert!(files.len() > 100, "only {} files", files.len());
    files.iter().map(|file| Source::read(&crates, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if !path.ends_with("tests.rs") && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
