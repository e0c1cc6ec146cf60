//! What a `tracing` span or event knows of its place in the code and its thread, as attributes: on request.
//!
//! Specification: [semantic conventions 1.42](https://github.com/open-telemetry/semantic-conventions/tree/v1.42.0/docs/registry/attributes),
//! groups `code` and `thread`.

use std::thread;

use tracing_core::Metadata;
use trilha_core::recorder::Attribute;

/// Something that a [`TraceLayer`](crate::TraceLayer) writes only where it is asked to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Detail {
    /// Where spans and events stand in the code: `code.file.path`, `code.line.number` and `code.module.name`.
    ///
    /// - **Cardinality:** as many as there are lines that make spans and events.
    /// - **PII:** none.
    Location,
    /// The thread that makes a span: `thread.id`, and `thread.name` where it has one.
    ///
    /// - **Cardinality:** that of the process's threads.
    /// - **PII:** none, unless the program names its threads so.
    Thread,
    /// The target of a span: `target`. Events have theirs always.
    ///
    /// - **Cardinality:** as many as there are targets.
    /// - **PII:** none.
    Target,
    /// The level of a span: `level`. Events have theirs always.
    ///
    /// - **Cardinality:** five.
    /// - **PII:** none.
    Level,
    /// For how long a span was entered and for how long it waited in between, in nanoseconds: `busy_ns` and
    /// `idle_ns`. On several threads at once, the time counts once.
    ///
    /// - **Cardinality:** unbounded; never a metric attribute.
    /// - **PII:** none.
    Timing,
}

impl Detail {
    /// Hands to `write` what is asked for of a span that is made now, on this thread.
    pub(crate) fn of_span(
        wanted: &[Self],
        metadata: &Metadata<'static>,
        mut write: impl FnMut(Attribute<'_>),
    ) {
        for detail in wanted {
            match detail {
                Self::Location => location(metadata, &mut write),
                Self::Thread => {
                    if let Some(id) = THREAD_ID.with(|id| *id) {
                        write(("thread.id", id.into()));
                    }
                    if let Some(name) = thread::current().name() {
                        write(("thread.name", name.into()));
                    }
                }
                Self::Target => write(("target", metadata.target().into())),
                Self::Level => write(("level", metadata.level().as_str().into())),
                Self::Timing => {}
            }
        }
    }
}

/// Hands to `write` where a span or an event stands in the code.
pub(crate) fn location(metadata: &Metadata<'static>, mut write: impl FnMut(Attribute<'static>)) {
    if let Some(file) = metadata.file() {
        write(("code.file.path", file.into()));
    }
    if let Some(line) = metadata.line() {
        write(("code.line.number", line.into()));
    }
    if let Some(module) = metadata.module_path() {
        write(("code.module.name", module.into()));
    }
}

thread_local! {
    /// The standard library tells the number of a thread by `Debug` alone.
    static THREAD_ID: Option<i64> =
        format!("{:?}", thread::current().id()).trim_matches(|c: char| !c.is_ascii_digit()).parse().ok();
}
