//! OTLP as protobuf bytes, written by hand: the few messages that a span consists of, and nothing else.
//!
//! Everything appends to a byte buffer; nothing is kept as a value and encoded later.
//!
//! Specification: [protobuf encoding](https://protobuf.dev/programming-guides/encoding/),
//! [OTLP 1.7, trace.proto and common.proto](https://github.com/open-telemetry/opentelemetry-proto/tree/v1.7.0).

mod attribute;
mod copy;
mod event;
pub(crate) mod field;
mod key;
mod origin;
mod request;
mod wire;

pub(crate) use self::{
    attribute::{
        LONGEST_SHORT, ShortValue, cut, is_short, key_of, min_len, put_attribute, put_attributes, scalar_len,
        text_len, write_short_scalar, write_short_text,
    },
    copy::copy,
    event::{LONGEST_EVENT, write_short_event},
    key::Key,
    origin::attributes_of,
    request::{Pieces, encode_request, encode_resource},
    wire::{
        LENGTH, parts, put_array, put_bytes, put_fixed32, put_fixed64, put_header, put_message, put_text,
        put_uint, short_tag, sized_len,
    },
};
