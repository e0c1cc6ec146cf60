//! The exporters' connections where they are encrypted: one connector for both protocols.

use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;

fn tcp() -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp
}

/// Connections for HTTP/1.1, plain ones too.
pub(crate) fn http(config: ClientConfig) -> HttpsConnector<HttpConnector> {
    HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(tcp())
}

/// A gRPC channel. The connector is told the address here, and the channel a plain one: given
/// `https://`, tonic would ask for its own TLS wherever a program has that built in.
#[cfg(feature = "grpc")]
pub(crate) fn channel(
    url: http::Uri,
    config: ClientConfig,
) -> Result<tonic::transport::Channel, tonic::transport::Error> {
    use tower::{ServiceExt, service_fn};
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http();
    let connector = builder.enable_http2().wrap_connector(tcp());
    let plain = format!("http://{}", url.authority().map_or("", |authority| authority.as_str()));
    let to = url.clone();
    let connector = service_fn(move |_| connector.clone().oneshot(to.clone()));
    Ok(tonic::transport::Endpoint::from_shared(plain)?.origin(url).connect_with_connector_lazy(connector))
}
