//! Tracing of the requests that a client sends.

mod layer;
mod operation;
mod service;
mod template;

pub use self::{layer::ClientTraceLayer, service::ClientTrace, template::UrlTemplate};
