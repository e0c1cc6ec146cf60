//! One request, one trace: OpenTelemetry instrumentation for services in Rust.
//!
//! ```no_run
//! use axum::{Router, routing::get};
//! use trilha::prelude::*;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let telemetry = trilha::Telemetry::builder("order-service").zone(Zone::Z2).install()?;
//!
//!     let app = Router::new()
//!         .route("/orders/{id}", get(order))
//!         .layer(trilha::tower::ServerTraceLayer::new());
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//!     axum::serve(listener, app)
//!         .with_graceful_shutdown(async {
//!             let _ = tokio::signal::ctrl_c().await;
//!         })
//!         .await?;
//!
//!     println!("{}", telemetry.shutdown(std::time::Duration::from_secs(5)).await);
//!     Ok(())
//! }
//!
//! #[tracing::instrument]
//! async fn order() -> &'static str {
//!     trilha::attributes().tenant("acme"); // reaches the server span, its metrics, its logs
//!     tracing::info!("found");
//!     "42"
//! }
//! ```
//!
//! `#[tracing::instrument]` needs `tracing` among the program's own dependencies; the version is the one
//! that is re-exported here.
//!
//! Everything is sent over OTLP to `http://localhost:4318`, or where `OTEL_EXPORTER_OTLP_ENDPOINT` says;
//! all settings are listed at [`TelemetryBuilder`].
//!
//! # Tasks
//! A task that is spawned starts without a context. The functions of [`task`] take that of the work in
//! hand along, [`carry`] does so for a thread, and [`task::background`] for a job that outlives its
//! request:
//!
//! ```
//! use trilha::prelude::*;
//!
//! # async fn stock() {}
//! # async fn handler() {
//! trilha::task::spawn(stock()); // its spans belong to this trace, and to this tenant
//! # }
//! ```
//!
//! # What crosses to other services
//! Everybody who is called gets the trace; [baggage](Baggage), the context attributes that travel with it and
//! the correlation id go to private hosts, and where the [policy](policy::Policy) says. What comes in is
//! believed, except at an edge: there a new trace starts, linked to the caller's, and nothing else is taken
//! over. `stats()` and the metrics `trilha.refused` and `trilha.propagation.broken` tell what was not.
//!
//! # Personal data
//! A [guard](guard::PiiGuard) judges all that leaves, by every exit: names, attributes, errors, events, log lines,
//! metric attributes, baggage, headers and query comments. E-mail addresses, cards, taxpayer's numbers, tokens and
//! passwords are replaced by a marker such as `[redacted:email]`; personal attributes such as `user.id` leave as
//! a keyed hash where the [purpose](ContextAttributes) allows that, else not at all. The `[guard]` table of
//! the [policy](policy::Policy) says more, above all `mode = "strict"`: text under keys that nobody declared does
//! not leave. What was hidden is told by [`stats`](Telemetry::stats) and by the metric `trilha.guard.redactions`.
//!
//! Names of people in prose cannot be found: write them as fields, under keys that say what they are. The
//! repository's `PRIVACY.md` says what is promised and what is not.
//!
//! # Features
//! | feature | adds |
//! |---|---|
//! | `http` (default) | export over OTLP/HTTP |
//! | `grpc` | export over OTLP/gRPC |
//! | `console` | `OTEL_TRACES_EXPORTER=console`: traces as lines of JSON on standard output; metrics need `http`, `grpc` or `OTEL_METRICS_EXPORTER=none` |
//! | `gzip` | compressed exports |
//! | `tls` | export to `https://`, with the roots of the system or your own |
//! | `tower` | [`tower`]: layers for servers and clients over HTTP and gRPC |
//! | `axum` | the route of an axum handler, in [`tower`] |
//! | `reqwest` | [`reqwest`]: a client |
//! | `reqwest-charset`, `reqwest-form`, `reqwest-multipart`, `reqwest-query`, `reqwest-stream` | its methods for what is optional in reqwest |
//! | `sqlx-postgres`, `sqlx-mysql`, `sqlx-sqlite` | [`sqlx`]: pool, connection, transaction |
//! | `signal` | [`Telemetry::shutdown_on_signal`] |
//! | `lapin` | [`lapin`]: AMQP |
//! | `rdkafka` | [`rdkafka`]: Kafka |
//! | `batch` | [`batch`]: batch runs, partitions, links |
//! | `tracing-opentelemetry` | [`opentelemetry_layer`]: the layer of that crate on our tracer, for code that leans on its extension trait |

pub mod prelude;
pub mod task;

mod attributes;
mod error;
mod settings;
mod telemetry;

pub use opentelemetry;
pub use tracing;
#[cfg(feature = "batch")]
pub use trilha_batch as batch;
pub use trilha_core::{
    Baggage, BrokenPropagation, BrokenReason, Carrier, CarrierKind, CarrierMut, ContextAttributes,
    DroppedSpans, Handle, Operation, OperationBuilder, Outcome, Recipient, Refusal, Scope, SpanCounts,
    SpanKind, TraceContext, Trust, api, carry, fence, guard, policy, propagation, sampling::Sampler, schema,
    trust,
};
#[cfg(feature = "lapin")]
pub use trilha_lapin as lapin;
#[cfg(feature = "tls")]
pub use trilha_otlp::Tls;
#[cfg(feature = "rdkafka")]
pub use trilha_rdkafka as rdkafka;
#[cfg(feature = "reqwest")]
pub use trilha_reqwest as reqwest;
pub use trilha_sdk::{ApiRecorder, ExportCounts};
#[cfg(any(feature = "sqlx-mysql", feature = "sqlx-postgres", feature = "sqlx-sqlite"))]
pub use trilha_sqlx as sqlx;
#[cfg(feature = "tower")]
pub use trilha_tower as tower;
pub use trilha_tracing::{Detail, JsonLog, SpanExt, TextFields, TextLog, TraceLayer};
#[cfg(feature = "tracing-opentelemetry")]
pub use trilha_tracing::{opentelemetry_layer, tracing_opentelemetry};

pub use crate::{
    attributes::{attributes, with_attributes},
    error::SetupError,
    settings::{LogFormat, Protocol},
    telemetry::{Report, Snapshot, Telemetry, TelemetryBuilder},
};
