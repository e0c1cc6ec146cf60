//! The service that the [W3C Trace Context test suite] asks for: it calls whom it is told to call.
//!
//! ```console
//! $ cargo run -p w3c-service -- --port 5000
//! ```
//!
//! A POST to any path brings `[{"url": …, "arguments": …}]`. To each `url`, in turn, `arguments` is posted
//! as JSON; then the request is answered. The suite looks at the headers of these calls. What makes them
//! right is one layer on the server and one client: nothing here reads or writes a header.
//!
//! Telemetry is that of every service: it goes where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and a receiver
//! that is not there disturbs nobody.
//!
//! [W3C Trace Context test suite]: https://github.com/w3c/trace-context/tree/main/test

use std::{
    error::Error,
    future,
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use clap::Parser;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use trilha::prelude::*;

/// Answers the W3C Trace Context test suite, on 127.0.0.1, until Ctrl-C.
#[derive(Debug, Parser)]
struct Args {
    /// The port to serve on; with 0, the system chooses one.
    #[arg(long, value_name = "N", default_value_t = 0)]
    port: u16,
}

/// A call to make.
#[derive(Debug, Deserialize)]
struct Call {
    url: String,
    #[serde(default)]
    arguments: Value,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let telemetry = Telemetry::builder("w3c-service").version(env!("CARGO_PKG_VERSION")).install()?;

    let app = Router::new()
        .route("/", post(make_calls))
        .route("/{*path}", post(make_calls))
        .layer(trilha::tower::ServerTraceLayer::new())
        .with_state(trilha::reqwest::Client::default());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await?;

    // Asked once before the address is told: from then on an interrupt is heard.
    let mut interrupt = Box::pin(tokio::signal::ctrl_c());
    tokio::select! {
        biased;
        _ = &mut interrupt => return Ok(()),
        () = future::ready(()) => {}
    }
    let interrupted = async {
        let _ = interrupt.await;
    };
    writeln!(io::stdout(), "serving on http://{}/", listener.local_addr()?)?;
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(interrupted).await?;

    let report = telemetry.shutdown(Duration::from_secs(1)).await;
    writeln!(io::stdout(), "{report}")?;
    Ok(())
}

async fn make_calls(
    State(client): State<trilha::reqwest::Client>,
    Json(calls): Json<Vec<Call>>,
) -> Result<(), StatusCode> {
    for call in calls {
        let sent = client.post(call.url).json(&call.arguments).send().await;
        sent.and_then(|answer| answer.error_for_status()).map_err(|_| StatusCode::BAD_GATEWAY)?;
    }
    Ok(())
}
