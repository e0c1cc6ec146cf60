//! OTLP as protobuf bytes, written by hand: the few messages that a span consists of, and nothing else.
//!
//! Everything appends to a byte buffer; nothing is kept as a value and encoded later.
//!
//! Specification: [protobuf encoding](https://protobuf.dev/programming-guides/encoding/),
//! [OTLP 1.7, trace.proto and common.proto](https://github.com/open-telemetry/opentelemetry-proto/tree/v1.7.0).

mod attribute;
pub(crate) mod field;
mod origin;
mod request;
mod wire;

pub(crate) use self::{
    attribute::{
        cut, is_short, key_of, min_len, put_attribute, put_attributes, put_short_scalar, put_short_text,
    },
    origin::attributes_of,
    request::{Pieces, encode_request, encode_resource},
    wire::{
        parts, put_array, put_bytes, put_fixed32, put_fixed64, put_message, put_text, put_uint, sized_len,
    },
};
