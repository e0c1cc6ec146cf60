//! Foreign code behind a fence: its panic ends its call, and not the work that it was called for.
//!
//! It catches and counts; it calls nothing by itself, and says nothing in a log. A program that is built with
//! `panic = "abort"` has no fences: there a panic ends the process.

use std::{
    future::{Future, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::Poll,
};

/// Foreign code that instrumentation calls in the midst of somebody's work.
///
/// | callback | who gives it | after its panic |
/// |---|---|---|
/// | [`Carrier`](Self::Carrier) | an adapter or a program | of what it brought no trace and no baggage is taken over; what was written stays |
/// | [`Detector`](Self::Detector) | a program or a policy | the text is hidden as a whole |
/// | [`Field`](Self::Field) | `Debug` and `Display` of what is recorded | `[panicked]` stands in the field's place |
/// | [`Filter`](Self::Filter) | the layer of a server | the request is traced |
/// | [`MeterProvider`](Self::MeterProvider) | a program's metrics | nothing is measured by that call |
/// | [`Notifier`](Self::Notifier) | a program | as if it had returned |
/// | [`Observable`](Self::Observable) | callbacks of observable instruments | what it observed so far counts |
/// | [`Peer`](Self::Peer) | the layer of a server | the sender's address is not known |
/// | [`Probe`](Self::Probe) | the layer of a server | the request is no probe |
/// | [`Route`](Self::Route) | the layer of a server | the route is not known |
/// | [`SpanExporter`](Self::SpanExporter) | a program that keeps the SDK | the batch failed |
/// | [`SpanProcessor`](Self::SpanProcessor) | a program that keeps the SDK | the span goes on without it |
/// | [`TracerProvider`](Self::TracerProvider) | a program that keeps the SDK | no span starts, its parent is passed on |
/// | [`Transport`](Self::Transport) | a pipeline: what it sends with | the batch failed, or is unacknowledged |
/// | [`Trust`](Self::Trust) | the layer of a server | the sender is a stranger |
///
/// A [`Recorder`](crate::Recorder) of one's own is not fenced: it must not panic, and can fence what it calls.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Callback {
    /// An implementation of [`Carrier`](crate::Carrier).
    Carrier,
    /// A detector of the guard.
    Detector,
    /// A field that is formatted.
    Field,
    /// Which requests are traced.
    Filter,
    /// A meter provider, its meters and instruments.
    MeterProvider,
    /// Who is told of broken propagation, or of text under a key that nobody declared.
    Notifier,
    /// The callback of an observable instrument.
    Observable,
    /// Whose address a request has.
    Peer,
    /// Which requests are probes.
    Probe,
    /// What a request's route is.
    Route,
    /// An exporter of the SDK.
    SpanExporter,
    /// A processor of the SDK.
    SpanProcessor,
    /// A tracer provider with its sampler, id generator and processors.
    TracerProvider,
    /// The libraries that spans are sent with.
    Transport,
    /// Whether a sender is believed.
    Trust,
}

impl Callback {
    /// Every callback.
    pub const ALL: [Self; 15] = [
        Self::Carrier,
        Self::Detector,
        Self::Field,
        Self::Filter,
        Self::MeterProvider,
        Self::Notifier,
        Self::Observable,
        Self::Peer,
        Self::Probe,
        Self::Route,
        Self::SpanExporter,
        Self::SpanProcessor,
        Self::TracerProvider,
        Self::Transport,
        Self::Trust,
    ];

    /// The name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Carrier => "carrier",
            Self::Detector => "detector",
            Self::Field => "field",
            Self::Filter => "filter",
            Self::MeterProvider => "meter_provider",
            Self::Notifier => "notifier",
            Self::Observable => "observable",
            Self::Peer => "peer",
            Self::Probe => "probe",
            Self::Route => "route",
            Self::SpanExporter => "span_exporter",
            Self::SpanProcessor => "span_processor",
            Self::TracerProvider => "tracer_provider",
            Self::Transport => "transport",
            Self::Trust => "trust",
        }
    }
}

/// Panics that were caught, by callback. Clones share the counts.
///
/// ```
/// use trilha_core::fence::{Callback, Panics};
///
/// let panics = Panics::default();
/// assert_eq!(panics.fence(Callback::Route, || "/orders"), Some("/orders"));
/// assert_eq!(panics.fence(Callback::Route, || -> u8 { panic!("of somebody else's") }), None);
/// assert_eq!(panics.of(Callback::Route), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Panics(Arc<[AtomicU64; Callback::ALL.len()]>);

impl Panics {
    /// Calls foreign code. `None`: it panicked, and that is counted.
    #[inline]
    pub fn fence<T>(&self, callback: Callback, call: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(answer) => Some(answer),
            Err(payload) => {
                self.count(callback);
                forget_safely(payload);
                None
            }
        }
    }

    /// Runs a future of foreign code. `None`: it panicked, and that is counted; it is not polled again.
    pub async fn fence_future<F: Future>(&self, callback: Callback, future: F) -> Option<F::Output> {
        let mut future = Box::pin(future);
        let answer = poll_fn(|cx| match self.fence(callback, || future.as_mut().poll(cx)) {
            Some(poll) => poll.map(Some),
            None => Poll::Ready(None),
        })
        .await;
        // What panicked once may do so again when it is dropped.
        self.fence(callback, || drop(future));
        answer
    }

    /// How often this one panicked.
    pub fn of(&self, callback: Callback) -> u64 {
        self.0.get(callback as usize).map_or(0, |count| count.load(Relaxed))
    }

    #[cold]
    fn count(&self, callback: Callback) {
        if let Some(count) = self.0.get(callback as usize) {
            count.fetch_add(1, Relaxed);
        }
    }
}

/// The panics that were caught for one service: those of its calls, its guard and its recorder together.
#[derive(Clone, Debug)]
pub struct AllPanics(pub(crate) Vec<Panics>);

impl AllPanics {
    /// How often this one panicked.
    pub fn of(&self, callback: Callback) -> u64 {
        self.0.iter().map(|panics| panics.of(callback)).sum()
    }

    /// Each callback, and how often it panicked.
    pub fn by_callback(&self) -> impl Iterator<Item = (Callback, u64)> {
        Callback::ALL.into_iter().map(|callback| (callback, self.of(callback)))
    }
}

/// A panic's payload is foreign too: its drop may panic in turn.
#[cold]
fn forget_safely(payload: Box<dyn std::any::Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(second);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        panic::panic_any,
        task::{Context, Waker},
    };

    use super::*;

    #[test]
    fn a_panic_is_counted_under_its_callback_alone() {
        let panics = Panics::default();
        assert_eq!(panics.fence(Callback::Peer, || 1), Some(1));
        assert_eq!(panics.fence(Callback::Trust, || -> u8 { panic!("foreign") }), None);
        let counts = Callback::ALL.map(|callback| panics.of(callback));
        assert_eq!((panics.of(Callback::Trust), counts.iter().sum::<u64>()), (1, 1));
    }

    #[test]
    fn each_callback_has_a_count_and_a_name_of_its_own() {
        for (at, callback) in Callback::ALL.into_iter().enumerate() {
            assert_eq!(callback as usize, at);
            assert!(Callback::ALL.into_iter().skip(at + 1).all(|other| other.name() != callback.name()));
        }
    }

    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("of the payload");
        }
    }

    #[test]
    fn a_payload_that_panics_when_it_is_dropped_does_no_harm() {
        let panics = Panics::default();
        assert_eq!(panics.fence(Callback::Field, || -> u8 { panic_any(Bomb) }), None);
        assert_eq!(panics.of(Callback::Field), 1);
    }

    #[test]
    fn a_fence_holds_while_the_thread_unwinds() {
        struct Fenced<'p>(&'p Panics);
        impl Drop for Fenced<'_> {
            fn drop(&mut self) {
                self.0.fence(Callback::Field, || panic!("foreign"));
            }
        }
        let panics = Panics::default();
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _fenced = Fenced(&panics);
            panic!("the caller's own");
        }));
        assert!(caught.is_err());
        assert_eq!(panics.of(Callback::Field), 1);
    }

    #[test]
    fn a_future_is_run_to_its_end_or_to_its_panic() {
        let panics = Panics::default();
        let mut ends = Box::pin(panics.fence_future(Callback::SpanExporter, ready(7)));
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(ends.as_mut().poll(&mut context), Poll::Ready(Some(7)));
        let mut waits = Box::pin(panics.fence_future(Callback::SpanExporter, pending::<u8>()));
        assert_eq!(waits.as_mut().poll(&mut context), Poll::Pending);
        let mut panicking =
            Box::pin(panics.fence_future(Callback::SpanExporter, async { panic!("foreign") }));
        assert_eq!(panicking.as_mut().poll(&mut context), Poll::Ready(None::<u8>));
        assert_eq!(panics.of(Callback::SpanExporter), 1);
    }
}
