//! Why a receiver could not be started, and why a wait ended without what it waited for.

use std::fmt;
use std::net::SocketAddr;
use std::panic::Location;
use std::time::Duration;

/// Why the receiver could not be started.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct SetupError(#[from] pub(crate) Kind);

impl SetupError {
    /// The option to change: a method of [`ReceiverBuilder`](crate::ReceiverBuilder).
    pub fn option(&self) -> &'static str {
        match self.0 {
            Kind::Bind { option, .. } => option,
            Kind::Thread(_) => "start",
        }
    }

    /// The address that could not be bound, if that was the reason.
    pub fn address(&self) -> Option<SocketAddr> {
        match self.0 {
            Kind::Bind { address, .. } => Some(address),
            Kind::Thread(_) => None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Kind {
    #[error("cannot listen on {address} (option {option})")]
    Bind { option: &'static str, address: SocketAddr, source: std::io::Error },
    #[error("cannot start the receiver's thread and runtime")]
    Thread(#[source] std::io::Error),
}

/// A wait ended, by its deadline or because the receiver was stopped, before it was satisfied.
///
/// Its text says what was waited for, where, and what had arrived by then.
#[derive(Clone, Debug)]
pub struct NotReceived {
    pub(crate) waited_for: String,
    pub(crate) arrived: String,
    pub(crate) within: Duration,
    pub(crate) is_stopped: bool,
    pub(crate) caller: &'static Location<'static>,
}

impl fmt::Display for NotReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} did not arrive", self.waited_for)?;
        if self.is_stopped {
            f.write_str(" before the receiver was stopped")?;
        } else {
            write!(f, " within {:?}", self.within)?;
        }
        write!(f, " (waited for at {})\n\n{}", self.caller, self.arrived)
    }
}

impl std::error::Error for NotReceived {}
