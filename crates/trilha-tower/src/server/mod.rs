//! Tracing of the requests that a service answers.

mod fields;
mod head;
mod layer;
mod operation;
mod probe;
mod routes;
mod sender;
mod service;

pub use self::{layer::ServerTraceLayer, probe::is_probe, service::ServerTrace};
