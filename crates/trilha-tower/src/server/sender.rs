//! Who sent a request: its address, and whether it is believed.

use std::net::IpAddr;

use trilha_core::{Carrier, Handle, OperationBuilder, Trust};

use super::{head::Head, layer::Settings};

/// What is known of the sender of a request.
pub(super) struct Sender {
    trust: Trust,
    address: Option<IpAddr>,
    is_unknown: bool,
}

impl Sender {
    pub(super) fn of(request: Head<'_>, settings: &Settings, handle: &Handle) -> Self {
        let address = settings.peer(request, handle).unwrap_or_else(|| connected(request));
        let trust = settings.trust(request, handle);
        Self {
            trust: trust.unwrap_or_else(|| handle.trust(address)),
            address,
            is_unknown: trust.is_none() && address.is_none(),
        }
    }

    /// Takes over of `carrier` what the sender is believed.
    #[inline]
    pub(super) fn extract<'a>(
        &self,
        builder: OperationBuilder<'a>,
        carrier: &'a dyn Carrier,
        is_probe: &'a dyn Fn() -> bool,
    ) -> OperationBuilder<'a> {
        let sender = self.address.map(trilha_core::Sender::Address);
        let builder = builder.extract(carrier, self.trust).sender(sender);
        builder.unknown_sender(self.is_unknown).probe(is_probe)
    }
}

#[cfg(feature = "axum")]
fn connected(request: Head<'_>) -> Option<IpAddr> {
    let connection = request.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()?;
    Some(connection.0.ip())
}

#[cfg(not(feature = "axum"))]
fn connected(_: Head<'_>) -> Option<IpAddr> {
    None
}
