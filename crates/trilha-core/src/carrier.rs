//! What holds a context between two processes: HTTP headers, message headers, gRPC metadata.
//!
//! A carrier knows bytes and nothing of traces. Implemented by the adapters; [`crate::propagation`]
//! reads and writes through it.

/// Read access to a carrier.
pub trait Carrier {
    /// What the carrier belongs to; each kind can be switched off alone.
    fn kind(&self) -> CarrierKind;

    /// Calls `visit` with each value of `key`, in order. A value need not be text.
    ///
    /// `key` is in lower case; a carrier whose keys ignore case compares accordingly.
    fn for_each(&self, key: &str, visit: &mut dyn FnMut(&[u8]));
}

/// Write access to a carrier.
pub trait CarrierMut: Carrier {
    /// Replaces all values of `key` by this one.
    fn set(&mut self, key: &'static str, value: &str);

    /// Removes all values of `key`.
    fn remove(&mut self, key: &'static str);
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
}
