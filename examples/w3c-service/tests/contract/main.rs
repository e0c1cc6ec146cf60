//! What the W3C Trace Context test suite asks of a service, in our own words, from the built program.
//!
//! Each test sends a request, byte for byte, and looks at the headers of the calls that follow from it.
//!
//! Specification: [W3C Trace Context Level 2](https://www.w3.org/TR/2024/CRD-trace-context-2-20240328/).

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "helpers of tests")]

mod process;
mod service;
mod traceparent;
mod tracestate;
