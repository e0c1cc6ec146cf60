//! The orders that are sent, by a client that knows nothing of traces.

use std::fmt;

use reqwest::{Response, StatusCode};
use trilha::opentelemetry::TraceId;
use trilha_testing::{Receiver, Trace, Wait};

use crate::{
    database::Progress,
    services::{Order, Role, Tenant},
};

pub(super) const TENANT: &str = "acme";

/// What happens to an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Story {
    /// It is paid, and the customer is told.
    Ordinary,
    /// Its card is declined.
    Declined,
    /// Its client goes away while the order service works.
    Abandoned,
    /// A service is killed while it works for the order.
    Killed(Role),
}

impl Story {
    /// How far the order gets in the database: it stays there, or something happens to it there.
    pub(super) fn milestone(self) -> Progress {
        match self {
            Self::Declined => Progress::Declined,
            Self::Abandoned | Self::Killed(Role::Gateway | Role::Order) => Progress::Created,
            Self::Killed(Role::Payment) => Progress::Paid,
            Self::Ordinary | Self::Killed(Role::Notification) => Progress::Notified,
        }
    }

    fn slow_in(self) -> Option<Role> {
        match self {
            Self::Ordinary | Self::Declined => None,
            Self::Abandoned | Self::Killed(Role::Gateway) => Some(Role::Order),
            Self::Killed(role) => Some(role),
        }
    }

    fn status(self) -> Option<StatusCode> {
        match self {
            Self::Abandoned | Self::Killed(Role::Gateway) => None,
            Self::Killed(Role::Order) => Some(StatusCode::BAD_GATEWAY),
            _ => Some(StatusCode::ACCEPTED),
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("an ordinary order"),
            Self::Declined => f.write_str("an order whose payment fails"),
            Self::Abandoned => f.write_str("an order that its client abandons"),
            Self::Killed(role) => {
                write!(f, "an order in whose middle the {} service is killed", role.name())
            }
        }
    }
}

/// An order that was sent.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) id: String,
    pub(super) story: Story,
    pub(super) answer: Option<Answer>,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.story)
    }
}

/// What a client was answered.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    trace_id: Option<TraceId>,
}

impl Sent {
    /// Its trace as it will be at a receiver: the one that its answer names, else the one that knows the
    /// order by its id.
    pub(super) fn trace_in<'a>(&'a self, receiver: &Receiver) -> Wait<'a, Trace> {
        match self.trace_id() {
            Some(trace_id) => receiver.trace(trace_id),
            None => receiver.trace_where(|trace| self.is_in(trace)),
        }
    }

    /// Whether a trace is its.
    pub(super) fn is_in(&self, trace: &Trace) -> bool {
        match self.trace_id() {
            Some(trace_id) => trace.trace_id() == trace_id,
            None => trace.spans().iter().any(|span| span.str("correlation_id") == Some(&self.id)),
        }
    }

    /// As its answer names it.
    pub(super) fn trace_id(&self) -> Option<TraceId> {
        self.answer.as_ref()?.trace_id
    }

    /// What is wrong with its answer.
    pub(super) fn wrong_answer(&self) -> Option<String> {
        let (expected, answer) = (self.story.status(), self.answer.as_ref());
        match answer.map(|answer| answer.status) {
            status if status == expected => None,
            Some(status) => Some(format!("{} was answered {status}", self.id)),
            None => Some(format!("{} was not answered", self.id)),
        }
        .or_else(|| {
            let is_nameless = answer.is_some_and(|answer| answer.trace_id.is_none());
            is_nameless.then(|| format!("{}: its answer does not name its trace", self.id))
        })
    }
}

/// Sends orders to the gateway.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(super) fn new(gateway_url: &str) -> Self {
        Self { http: reqwest::Client::new(), url: format!("{gateway_url}/orders") }
    }

    /// Sends an order and waits for its answer. Dropped before that, the connection is closed.
    pub(super) async fn send(&self, id: &str, story: Story) -> Option<Answer> {
        let order = Order {
            id: id.to_owned(),
            total: 1990,
            is_declined: story == Story::Declined,
            slow_in: story.slow_in(),
        };
        let request = self.http.post(&self.url).header(Tenant::HEADER, TENANT).json(&order);
        let response = request.send().await.ok()?;
        Some(Answer { status: response.status(), trace_id: trace_id(&response) })
    }
}

/// The trace that a response names: `Server-Timing: traceparent;desc="00-{trace id}-…"`.
fn trace_id(response: &Response) -> Option<TraceId> {
    let timings = response.headers().get_all("server-timing");
    let mut timings = timings.iter().filter_map(|timing| timing.to_str().ok());
    let traceparent = timings.find_map(|timing| timing.split_once("traceparent;desc=\"00-"))?.1;
    TraceId::from_hex(traceparent.split('-').next()?).ok()
}
