//! Tracing of the requests that a service answers.

mod layer;
mod operation;
mod service;

pub use self::{layer::ServerTraceLayer, service::ServerTrace};
