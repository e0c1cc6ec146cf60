//! Reads and removes headers by name: what rdkafka's safe API cannot do, and the only `unsafe` code here.
//!
//! rdkafka reads headers by index alone, and panics where a key is not UTF-8, so one hostile header
//! would hide all others; it cannot remove any. librdkafka does both by name.

#![allow(unsafe_code)]

use std::{ffi::CStr, ptr, slice};

use rdkafka::{
    bindings::{rd_kafka_header_get_last, rd_kafka_header_remove, rd_kafka_headers_t, rd_kafka_resp_err_t},
    message::{BorrowedHeaders, OwnedHeaders},
};

/// The last value of `key`; a header without a value has an empty one.
///
/// `headers` must come from rdkafka: from a message, or from `OwnedHeaders::as_borrowed`.
pub(super) fn last<'a>(headers: &'a BorrowedHeaders, key: &CStr) -> Option<&'a [u8]> {
    let mut value = ptr::null();
    let mut length = 0;
    // SAFETY: a reference that comes from rdkafka is the address of librdkafka's own headers, which live
    // as long as it does; nothing is written to them. The key ends with a zero byte. The two others
    // are valid to write to.
    let code = unsafe { rd_kafka_header_get_last(native(headers), key.as_ptr(), &mut value, &mut length) };
    if code != rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return None;
    }
    if value.is_null() {
        return Some(&[]);
    }
    // SAFETY: librdkafka found a value of this length, which belongs to the headers and so lives for 'a.
    Some(unsafe { slice::from_raw_parts(value.cast::<u8>(), length) })
}

/// Removes all values of `key`, and keeps the order of the rest.
pub(super) fn remove(headers: &mut OwnedHeaders, key: &CStr) {
    // SAFETY: as in `last`; the headers are ours alone while they are borrowed mutably, and made to be
    // written to. The answer only says whether there were any.
    unsafe { rd_kafka_header_remove(native(headers.as_borrowed()).cast_mut(), key.as_ptr()) };
}

fn native(headers: &BorrowedHeaders) -> *const rd_kafka_headers_t {
    ptr::from_ref(headers).cast()
}

/// Appends a header whose key need not be text, as a foreign producer may.
#[cfg(test)]
pub(super) fn insert_raw(headers: &mut OwnedHeaders, key: &CStr, value: &[u8]) {
    let length = isize::try_from(value.len()).unwrap();
    let headers = native(headers.as_borrowed()).cast_mut();
    // SAFETY: as in `remove`; librdkafka copies key and value.
    unsafe {
        rdkafka::bindings::rd_kafka_header_add(headers, key.as_ptr(), -1, value.as_ptr().cast(), length)
    };
}
