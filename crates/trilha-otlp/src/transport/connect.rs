//! Connections to a receiver, plain or over TLS, for both transports: made when they are needed, and kept.

use std::time::Duration;

use http::HeaderValue;
use hyper::body::Body;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use crate::config::Target;

/// A connection that nobody used for so long is closed, before somebody on the way forgets it.
const LONGEST_IDLE: Duration = Duration::from_secs(30);

/// Who sends, unless the program says otherwise.
pub(super) const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("trilha-otlp/", env!("CARGO_PKG_VERSION")));

#[cfg(not(feature = "tls"))]
pub(super) type Connector = HttpConnector;
#[cfg(feature = "tls")]
pub(super) type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Version {
    #[cfg(feature = "http")]
    Http1,
    #[cfg(feature = "grpc")]
    Http2,
}

/// A client for this target. It neither follows redirects nor sends a request again that has left.
pub(super) fn client<B>(target: &Target, version: Version) -> Client<Connector, B>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut builder = Client::builder(TokioExecutor::new());
    #[cfg(feature = "grpc")]
    builder.http2_only(version == Version::Http2);
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(LONGEST_IDLE)
        .build(connector(target, version))
}

fn tcp(target: &Target) -> HttpConnector {
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(target.timeout));
    tcp
}

#[cfg(not(feature = "tls"))]
fn connector(target: &Target, _: Version) -> Connector {
    tcp(target)
}

#[cfg(feature = "tls")]
fn connector(target: &Target, version: Version) -> Connector {
    let mut tcp = tcp(target);
    tcp.enforce_http(false);
    let mut tls = target.tls.clone();
    tls.resumption = rustls::client::Resumption::default(); // a process resumes no session of another
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    match version {
        #[cfg(feature = "http")]
        Version::Http1 => builder.enable_http1().wrap_connector(tcp),
        #[cfg(feature = "grpc")]
        Version::Http2 => builder.enable_http2().wrap_connector(tcp),
    }
}
