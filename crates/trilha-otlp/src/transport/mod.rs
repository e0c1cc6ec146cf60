//! How a batch reaches a receiver: one request, one [`Answer`]. Trying again is the worker's affair.

mod answer;
#[cfg(any(feature = "http", feature = "grpc"))]
mod connect;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "json")]
mod lines;

use std::{fmt::Debug, future::Future, pin::Pin, sync::Arc};

#[cfg(feature = "grpc")]
use self::grpc::GrpcTransport;
#[cfg(feature = "http")]
use self::http::HttpTransport;
#[cfg(feature = "json")]
use self::lines::LinesTransport;
use crate::{
    SetupError,
    config::{Destination, Protocol},
    encode::Pieces,
    queue::Attempt,
};

/// The one that sends to `destination`, on connections of its own.
pub(crate) fn to(destination: Destination) -> Result<Box<dyn Transport>, SetupError> {
    Ok(match destination {
        Destination::Receiver(target) => match target.protocol {
            #[cfg(feature = "http")]
            Protocol::Http => Box::new(HttpTransport::new(*target)),
            #[cfg(feature = "grpc")]
            Protocol::Grpc => Box::new(GrpcTransport::new(*target)),
        },
        #[cfg(feature = "json")]
        Destination::Lines(to) => Box::new(LinesTransport::open(to)?),
    })
}

/// Sends requests to one receiver.
pub(crate) trait Transport: Debug + Send + Sync + 'static {
    /// Sends one request and waits for its answer, within the transport's own time limit.
    ///
    /// The payload's bytes leave only after its [`Attempt`] departed.
    fn send(&self, payload: Payload) -> Sending<'_>;
}

pub(crate) type Sending<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// A request, and the attempt to send it.
#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub(crate) body: Pieces,
    pub(crate) attempt: Arc<Attempt>,
}

/// What a receiver said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Answer {
    /// It took all but so many spans.
    Taken { rejected: u64 },
    /// It does not want the request for what is in it: a part of it may be wanted.
    Unfit,
    /// It does not want any of it, now or later.
    Refused,
    /// It failed, and says that it would again.
    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "gRPC has no such answer"))]
    Failed,
    /// Later, perhaps.
    Later {
        /// The pause that it asks for.
        after: Option<std::time::Duration>,
        /// It speaks for another, which may have taken them.
        may_be_taken: bool,
    },
    /// Nothing, or nothing that can be read. The attempt knows whether anything was sent.
    Nothing,
}
