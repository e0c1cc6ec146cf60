//! Who sent a request: its address, whether it is believed, and whether a trace is to be expected of it.

use std::net::IpAddr;

use http::request::Parts;
use trilha_core::{Carrier, Handle, OperationBuilder, Trust};

use super::{layer::Settings, probe::is_probe};

/// What is known of the sender of a request.
pub(super) struct Sender {
    trust: Trust,
    address: Option<IpAddr>,
    is_unknown: bool,
    is_probe: bool,
}

impl Sender {
    pub(super) fn of(request: &Parts, settings: &Settings, handle: &Handle) -> Self {
        let address = match &settings.peer {
            Some(peer) => peer(request),
            None => connected(request),
        };
        let trust = settings.trust.as_ref().map(|trust| trust(request));
        Self {
            trust: trust.unwrap_or_else(|| handle.trust(address)),
            address,
            is_unknown: settings.trust.is_none() && address.is_none(),
            is_probe: settings.probe.as_ref().map_or_else(|| is_probe(request), |probe| probe(request)),
        }
    }

    /// Takes over of `carrier` what the sender is believed.
    pub(super) fn extract<'a>(
        &self,
        builder: OperationBuilder<'a>,
        carrier: &'a dyn Carrier,
    ) -> OperationBuilder<'a> {
        let sender = self.address.map(trilha_core::Sender::Address);
        let builder = builder.extract(carrier, self.trust).sender(sender);
        builder.unknown_sender(self.is_unknown).probe(self.is_probe)
    }
}

#[cfg(feature = "axum")]
fn connected(request: &Parts) -> Option<IpAddr> {
    let connection = request.extensions.get::<axum::extract::ConnectInfo<std::net::SocketAddr>>()?;
    Some(connection.0.ip())
}

#[cfg(not(feature = "axum"))]
fn connected(_: &Parts) -> Option<IpAddr> {
    None
}
