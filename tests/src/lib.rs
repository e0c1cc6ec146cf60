//! What several of the tests beside this folder need: spans, and a web service.

#![allow(clippy::unwrap_used, reason = "only tests call this")]

use axum::Router;
use tokio::net::TcpListener;
use trilha::{Handle, Operation, Outcome, Scope, SpanKind};

/// The scope of what tests make themselves.
pub static SCOPE: Scope = Scope::new("test", "");

/// Makes so many spans, one after the other.
pub fn spans(handle: &Handle, count: usize) {
    for _ in 0..count {
        let operation = Operation::builder(&SCOPE, "work", SpanKind::Internal).handle(handle.clone());
        operation.start().finish(Outcome::Ok);
    }
}

/// Serves until the runtime ends, at the URL that it returns.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}
