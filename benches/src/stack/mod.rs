//! The stacks that are compared: each a library, with a pipeline that exports to the sink.

mod fastrace;
mod sdk;
mod trilha;

use ::tower::layer::util::Identity;
use tracing_subscriber::layer::{self, SubscriberExt};

use crate::{
    Result,
    burst::Burst,
    guard, propagation, requests,
    spans::{self, ITEM, LINES},
};

pub(crate) fn by_name(name: &str) -> Result<Burst> {
    match name {
        "spans-bare" => Ok(spans_bare()),
        "registry-bare" => registry_bare(),
        "spans" => trilha::spans(),
        "children" => trilha::children(),
        "operations" => trilha::operations(),
        "operations.silent" => trilha::silent_operations(),
        "two_threads-bare" => Ok(two_threads_bare()),
        "two_threads" => trilha::spans_of_two_threads(),
        "tracing-opentelemetry.two_threads" => sdk::spans_of_two_threads(),
        "tracing-opentelemetry" => sdk::spans(),
        "fastrace" => fastrace::spans(),
        "requests-bare" => Ok(requests_bare()),
        "requests" => trilha::requests(),
        "axum-tracing-opentelemetry" => sdk::requests(),
        "fastrace-axum" => fastrace::requests(),
        "propagation.extract-bare" => Ok(rounds(propagation::bare::extract())),
        "propagation.extract-traceparent" => Ok(rounds(propagation::ours::extract_traceparent())),
        "propagation.extract-baggage" => Ok(rounds(propagation::ours::extract_baggage())),
        "propagation.inject-bare" => Ok(rounds(propagation::bare::inject())),
        "propagation.inject-traceparent" => Ok(rounds(propagation::ours::inject_traceparent())),
        "propagation.inject-operation" => Ok(rounds(propagation::ours::inject_operation())),
        "propagation.child" => trilha::child(false),
        "propagation.child_with_tracestate" => trilha::child(true),
        "propagation.hop" => trilha::hop(false),
        "propagation.hop_with_tracestate" => trilha::hop(true),
        "opentelemetry_sdk.propagation.extract-traceparent" => {
            Ok(rounds(propagation::theirs::extract_traceparent()))
        }
        "opentelemetry_sdk.propagation.extract-baggage" => Ok(rounds(propagation::theirs::extract_baggage())),
        "opentelemetry_sdk.propagation.inject-traceparent" => {
            Ok(rounds(propagation::theirs::inject_traceparent()))
        }
        "guard.clean-bare" => Ok(values(&guard::CLEAN, guard::bare::scan)),
        "guard.clean-judged" => Ok(values(&guard::CLEAN, guard::ours::scan)),
        "regexes.clean-matched" => Ok(values(&guard::CLEAN, guard::regexes::scan)),
        "guard.awkward-bare" => Ok(values(&guard::AWKWARD, guard::bare::scan)),
        "guard.awkward-judged" => Ok(values(&guard::AWKWARD, guard::ours::scan)),
        "regexes.awkward-matched" => Ok(values(&guard::AWKWARD, guard::regexes::scan)),
        "guard.attributes-bare" => Ok(rounds(guard::bare::attributes())),
        "guard.attributes-judged" => Ok(rounds(guard::ours::attributes())),
        "guard.hostile-bare" => Ok(rounds(|| ())),
        "guard.hostile-10KB" => hostile(10),
        "guard.hostile-1MB" => hostile(1_000),
        _ => Err(format!("no stack is called {name}").into()),
    }
}

fn spans_bare() -> Burst {
    Burst::new(1 + LINES, |_| spans::bare::order(&ITEM), || Ok(()))
}

fn two_threads_bare() -> Burst {
    Burst::of_two_threads(1 + LINES, || spans::bare::order(&ITEM), || Ok(()))
}

/// What `tracing` and its registry cost by themselves, under a layer that does nothing.
fn registry_bare() -> Result<Burst> {
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer::Identity::new()))?;
    Ok(Burst::new(1 + LINES, |_| spans::instrumented::order(&ITEM), || Ok(())))
}

/// Under a layer that does nothing, since adding a layer has a price of its own in axum.
fn requests_bare() -> Burst {
    let router = requests::service(Identity::new());
    Burst::new(1, move |number| requests::answer(&router, number), || Ok(()))
}

/// Work that makes no span and sends nothing.
fn rounds(mut round: impl FnMut() + 'static) -> Burst {
    Burst::new(1, move |_| round(), || Ok(()))
}

/// A unit is a value.
fn values<F: FnMut() + 'static>(values: &[&str], scan: impl FnOnce(Vec<String>) -> F) -> Burst {
    let mut scan = scan(values.iter().map(ToString::to_string).collect());
    Burst::new(values.len() as u64, move |_| scan(), || Ok(()))
}

/// A unit is a kilobyte.
fn hostile(kilobytes: u64) -> Result<Burst> {
    let text = guard::hostile(usize::try_from(kilobytes)? * 1_000);
    let mut scan = guard::ours::scan_all(text)?;
    Ok(Burst::new(kilobytes, move |_| scan(), || Ok(())))
}
