//! Redirects, which could carry to a stranger what was meant for one of us; the headers that are sent are
//! the core's business.
//!
//! Specification: [RFC 9110, sections 9.2.2 and 15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use http::{HeaderMap, StatusCode};
use reqwest::{
    Request,
    redirect::{Attempt, Policy},
};
use trilha_core::{
    CarrierKind, Handle, Operation, Propagation, Recipient, current,
    propagation::{Format, correlation_fields},
    schema::Key,
};

/// What is known of a client's redirects.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Redirects {
    /// Nothing: they may lead anywhere.
    Unknown,
    /// Each is judged by [`judged`].
    Judged,
    /// The user says that they stay among hosts that may get what was sent.
    Trusted,
}

/// `policy`, except that a request which carries what the next host may not get stops before it.
pub(crate) fn judged(policy: Policy) -> Policy {
    Policy::custom(move |attempt| {
        // reqwest asks while it is polled, so that the current context is the request's.
        match current::map(|context| context.get::<Arc<Barrier>>().cloned()) {
            Some(barrier) if !barrier.lets_pass(&attempt) => attempt.stop(),
            _ => policy.redirect(attempt),
        }
    })
}

/// Stops a request that carries more than the trace before a host that may not get it.
#[derive(Debug)]
pub(crate) struct Barrier {
    handle: Handle,
    /// Whether the request may be made again: it changes nothing, or everybody asked for it elsewhere.
    is_repeatable: AtomicBool,
    has_stopped: AtomicBool,
}

impl Barrier {
    /// `None` where `request` carries nothing of `operation` but its trace.
    pub(crate) fn of(request: &Request, operation: &Operation) -> Option<Arc<Self>> {
        let handle = operation.handle();
        carries_more(request.headers(), operation, handle.propagation()).then(|| {
            let (is_repeatable, has_stopped) = (AtomicBool::new(true), AtomicBool::new(false));
            Arc::new(Self { handle, is_repeatable, has_stopped })
        })
    }

    fn lets_pass(&self, attempt: &Attempt<'_>) -> bool {
        let is_asked_for_elsewhere =
            matches!(attempt.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
        self.is_repeatable.fetch_and(is_asked_for_elsewhere, Relaxed);
        let host = attempt.url().host_str().map_or(Recipient::Unknown, Recipient::Host);
        let is_allowed = self.handle.propagation().allows(host);
        self.has_stopped.store(!is_allowed, Relaxed);
        is_allowed
    }

    /// Whether it stopped `request`, which is to be made again without what it carried.
    pub(crate) fn asks_again(&self, request: &Request) -> bool {
        self.has_stopped.load(Relaxed)
            && (self.is_repeatable.load(Relaxed) || request.method().is_idempotent())
    }
}

fn carries_more(headers: &HeaderMap, operation: &Operation, propagation: &Propagation) -> bool {
    let has_baggage = || propagation.writes(Format::Baggage) && headers.contains_key("baggage");
    let has_correlation_id = || {
        let id = operation.attributes().value(Key::CorrelationId);
        let mut sent = correlation_fields(CarrierKind::Http).iter().flat_map(|name| headers.get_all(*name));
        id.is_some_and(|id| sent.any(|sent| *sent == *id))
    };
    propagation.is_enabled(CarrierKind::Http) && (has_baggage() || has_correlation_id())
}
