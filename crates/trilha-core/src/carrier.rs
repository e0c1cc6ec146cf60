//! What holds a context between two processes: HTTP headers, message headers, gRPC metadata.
//!
//! A carrier knows bytes and nothing of traces. Implemented by the adapters; [`crate::propagation`]
//! reads and writes through it.

use std::collections::HashMap;

/// Read access to a carrier.
pub trait Carrier {
    /// What the carrier belongs to; each kind can be switched off alone.
    fn kind(&self) -> CarrierKind;

    /// Calls `visit` with each value of `key`, in order. A value need not be text.
    ///
    /// `key` is in lower case; a carrier whose keys ignore case compares accordingly.
    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8]));

    /// Whether it plainly holds no field of propagation, as most requests do, or `traceparent` alone: then no other
    /// one is looked for. Defaults to false, which is never wrong.
    fn is_plain(&self) -> bool {
        false
    }
}

/// Write access to a carrier.
pub trait CarrierMut: Carrier {
    /// Replaces all values of `key` by this one, which is UTF-8, and ASCII but for correlation ids. False: the
    /// carrier cannot take it, and it is counted.
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool;

    /// Removes all values of `key`.
    fn remove(&mut self, key: &'static str);
}

/// A job's parameters, or a message's headers where they are text: a messaging carrier.
///
/// Keys are compared as they are.
impl Carrier for HashMap<String, String> {
    fn kind(&self) -> CarrierKind {
        CarrierKind::Messaging
    }

    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8])) {
        if let Some(value) = self.get(key) {
            visit(value.as_bytes());
        }
    }
}

impl CarrierMut for HashMap<String, String> {
    fn set(&mut self, key: &'static str, value: &[u8]) -> bool {
        let inserted = str::from_utf8(value).map(|value| self.insert(key.to_owned(), value.to_owned()));
        inserted.is_ok()
    }

    fn remove(&mut self, key: &'static str) {
        HashMap::remove(self, key);
    }
}

/// What a carrier belongs to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CarrierKind {
    /// Headers of an HTTP request.
    Http,
    /// Metadata of a gRPC call.
    Grpc,
    /// Headers or properties of a message.
    Messaging,
    /// A comment in a database query.
    Database,
    /// The environment of a child process.
    Environment,
}

impl CarrierKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Http, Self::Grpc, Self::Messaging, Self::Database, Self::Environment];

    /// The name in settings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Grpc => "grpc",
            Self::Messaging => "messaging",
            Self::Database => "database",
            Self::Environment => "environment",
        }
    }
}
