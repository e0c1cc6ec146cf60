//! Tracing of the requests that a service answers.

mod fields;
mod layer;
mod operation;
mod probe;
mod sender;
mod service;

pub use self::{layer::ServerTraceLayer, probe::is_probe, service::ServerTrace};
