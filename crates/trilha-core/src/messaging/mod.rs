//! What the messaging adapters share: names, kinds, attributes and metrics of messaging spans, and
//! the one rule that says whose child such a span is.
//!
//! It knows no broker and no client library; an adapter brings its own carrier and destination.
//!
//! | operation | kind | parent | links |
//! |---|---|---|---|
//! | [`send`](Client::send) | `PRODUCER`; its context goes into the message | the current span | – |
//! | the same, of a message that carries a context of its own | `CLIENT`; the message stays as it is | the current span | the message's context |
//! | [`receive`](Client::receive) | `CLIENT` | the current span | the message's context |
//! | [`process`](Client::process), one message | `CONSUMER` | the message's context, else none | the current span, where it is in another trace |
//! | [`process`](Client::process), a batch | `CONSUMER` | the current span | every message's context |
//! | [`settle`](Client::settle), one message | `CLIENT` | the current span where it is in the message's trace or processes it, else the message's context | as for one message processed |
//! | [`settle`](Client::settle), several | `CLIENT` | the current span | every message's context |
//!
//! A context that was merely copied from the message in process or the request that is served, as
//! forwarding its headers does, is no context of the new message's own: it is replaced, and so is its
//! baggage. A message that keeps a context of its own gets no baggage either.
//!
//! The baggage and the correlation id of a single message are those of the work that processes it: its
//! schema keys, such as `tenant`, are context attributes there, and what the work calls gets them too.
//! Those of a batch belong to nobody: they stay in their messages.
//!
//! A message from whom one does not [trust](Client::trust) is processed in a trace of one's own, linked
//! to the message's; nothing else is taken over.
//!
//! A destination's name is of low cardinality as far as one can know; where it is not, the span's
//! name and the metrics do without. Message keys and bodies are never recorded.
//!
//! Specification: [OpenTelemetry semantic conventions for messaging 1.37](https://github.com/open-telemetry/semantic-conventions/blob/v1.37.0/docs/messaging/messaging-spans.md).

mod client;
mod destination;
mod lineage;
mod metrics;

pub use self::{
    client::{Client, Message, System},
    destination::Destination,
};
