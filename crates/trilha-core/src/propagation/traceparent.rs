//! The W3C `traceparent` header: parse and format, nothing else.
//!
//! No I/O, no clock, no carrier: an adapter passes a value and gets a [`Traceparent`], or the
//! reason why it was refused.
//!
//! Specification: [W3C Trace Context Level 2, section 3.2](https://www.w3.org/TR/2024/CRD-trace-context-2-20240328/#traceparent-header).

use std::{fmt, num::NonZeroU64, str};

use opentelemetry::{SpanId, TraceFlags, TraceId};

use super::{
    hex::{Encoded, decode, decode_u8, decode_u64, decode_u128, encode, encode_u64, encode_u128},
    list::trim,
};

const LENGTH: usize = 55;

/// Set by whoever made the trace id at random in at least its last 56 bits.
pub const RANDOM_FLAG: TraceFlags = TraceFlags::new(0x02);

/// A valid `traceparent` value.
///
/// - **Cardinality:** one per request; never a metric attribute.
/// - **PII:** none; the ids are random.
///
/// ```
/// use trilha_core::Traceparent;
///
/// let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
/// let traceparent = Traceparent::parse(header.as_bytes())?;
/// assert!(traceparent.is_sampled());
/// assert_eq!(traceparent.to_string(), header);
/// # Ok::<(), trilha_core::InvalidTraceparent>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Traceparent {
    trace_id: TraceId,     // never zero
    parent_id: NonZeroU64, // so that where there may be none, it takes no more room
    flags: TraceFlags,     // only `sampled` and `random`
}

impl Traceparent {
    /// Reads one header value. Optional white space around it is allowed.
    ///
    /// A version above `00` is read as far as version `00` goes, as the specification asks.
    ///
    /// # Errors
    /// [`InvalidTraceparent`] says which rule the value breaks; it never holds the value.
    pub fn parse(value: &[u8]) -> Result<Self, InvalidTraceparent> {
        use InvalidTraceparent as Invalid;
        // Nearly all are just as long as they have to be, with no white space around.
        let value = if value.len() == LENGTH { value } else { trim(value) };
        let (head, rest) = value.split_first_chunk::<LENGTH>().ok_or(Invalid::Length)?;
        let (version, head) = split_field(head)?;
        match (version, rest) {
            (b"00", []) => {}
            (b"00", _) => return Err(Invalid::Length),
            (b"ff", _) => return Err(Invalid::Version),
            _ => {
                decode_u8(*version).ok_or(Invalid::Version)?;
                if !matches!(rest, [] | [b'-', ..]) {
                    return Err(Invalid::Length);
                }
            }
        }
        let (trace_id, head) = split_field(head)?;
        let (parent_id, head) = split_field(head)?;
        let flags = head.try_into().map_err(|_| Invalid::Length)?;
        let (trace_id, parent_id, flags) =
            decode_fields(trace_id, parent_id, flags).ok_or_else(|| match (trace_id, parent_id) {
                (trace_id, _) if decode_u128(trace_id).is_none() => Invalid::TraceId,
                (_, parent_id) if decode_u64(parent_id).is_none() => Invalid::ParentId,
                _ => Invalid::Flags,
            })?;
        let is_zero = if trace_id == TraceId::INVALID { Invalid::TraceId } else { Invalid::ParentId };
        Self::new(trace_id, parent_id, flags).ok_or(is_zero)
    }

    /// A value of these ids, unless one of them is zero. Unknown flags are cleared.
    pub fn new(trace_id: TraceId, parent_id: SpanId, flags: TraceFlags) -> Option<Self> {
        let parent_id = NonZeroU64::new(u64::from_be_bytes(parent_id.to_bytes()))?;
        let flags = flags & (TraceFlags::SAMPLED | RANDOM_FLAG);
        (trace_id != TraceId::INVALID).then_some(Self { trace_id, parent_id, flags })
    }

    /// The trace that the sender belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span that sent it: the parent of the receiver's first span.
    pub fn parent_id(&self) -> SpanId {
        SpanId::from(self.parent_id.get())
    }

    /// The flags, of which only `sampled` and `random` are ever set.
    pub fn flags(&self) -> TraceFlags {
        self.flags
    }

    /// Whether the sender may have recorded its span.
    pub fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }

    /// The header value, without an allocation.
    pub fn encode(&self) -> EncodedTraceparent {
        // All digits at once, since they take few instructions together.
        let mut bytes = [0; 32];
        let (trace_id, rest) = bytes.split_at_mut(16);
        let (parent_id, rest) = rest.split_at_mut(8);
        trace_id.copy_from_slice(&self.trace_id.to_bytes());
        parent_id.copy_from_slice(&self.parent_id.get().to_be_bytes());
        rest.fill(self.flags.to_u8());
        let digits: Encoded<64> = encode(bytes);
        let (trace_id, rest) = digits.as_bytes().split_at(32);
        let (parent_id, rest) = rest.split_at(16);
        Encoded::joined([b"00", trace_id, parent_id, rest.split_at(2).0])
    }

    /// The trace's id alone.
    #[inline]
    pub fn encode_trace_id(&self) -> Encoded<32> {
        encode_u128(u128::from_be_bytes(self.trace_id.to_bytes()))
    }

    /// The span's id alone.
    #[inline]
    pub fn encode_parent_id(&self) -> Encoded<16> {
        encode_u64(self.parent_id.get())
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encode().as_str())
    }
}

impl fmt::Debug for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traceparent({self})")
    }
}

impl str::FromStr for Traceparent {
    type Err = InvalidTraceparent;

    fn from_str(value: &str) -> Result<Self, Self::Err> {
        Self::parse(value.as_bytes())
    }
}

/// The 55 characters of a version `00` header value.
pub type EncodedTraceparent = Encoded<LENGTH>;

/// Which rule a `traceparent` value breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidTraceparent {
    /// Not 55 characters, or more without a `-` in a version that may be longer.
    #[error("a traceparent of version 00 has exactly 55 characters")]
    Length,
    /// Not two lower-case hexadecimal digits, or `ff`.
    #[error("the version is not two lower-case hexadecimal digits below ff")]
    Version,
    /// A `-` is not where it has to be.
    #[error("the fields are not separated by '-'")]
    Separator,
    /// Not 32 lower-case hexadecimal digits, or all zero.
    #[error("the trace id is not 32 lower-case hexadecimal digits, or is zero")]
    TraceId,
    /// Not 16 lower-case hexadecimal digits, or all zero.
    #[error("the parent id is not 16 lower-case hexadecimal digits, or is zero")]
    ParentId,
    /// Not two lower-case hexadecimal digits.
    #[error("the flags are not two lower-case hexadecimal digits")]
    Flags,
    /// Two or more headers: nobody can tell which one is meant.
    #[error("there is more than one traceparent header")]
    Repeated,
}

/// All digits at once, since they take few instructions together.
fn decode_fields(
    trace_id: &[u8; 32],
    parent_id: &[u8; 16],
    flags: &[u8; 2],
) -> Option<(TraceId, SpanId, TraceFlags)> {
    let mut digits = [b'0'; 64];
    let (place, rest) = digits.split_at_mut(32);
    place.copy_from_slice(trace_id);
    let (place, rest) = rest.split_at_mut(16);
    place.copy_from_slice(parent_id);
    rest.split_at_mut(2).0.copy_from_slice(flags);
    let bytes: [u8; 32] = decode(&digits)?;
    let (trace_id, rest) = bytes.split_first_chunk()?;
    let (parent_id, rest) = rest.split_first_chunk()?;
    let flags = TraceFlags::new(*rest.first()?);
    Some((TraceId::from_bytes(*trace_id), SpanId::from_bytes(*parent_id), flags))
}

/// The field of `N` characters at the start, and what follows the dash behind it.
fn split_field<const N: usize>(text: &[u8]) -> Result<(&[u8; N], &[u8]), InvalidTraceparent> {
    match text.split_first_chunk() {
        Some((field, [b'-', rest @ ..])) => Ok((field, rest)),
        _ => Err(InvalidTraceparent::Separator),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn refused(value: &str) -> InvalidTraceparent {
        Traceparent::parse(value.as_bytes()).expect_err(value)
    }

    #[test]
    fn version_ff_is_refused() {
        assert_eq!(refused(&VALID.replacen("00", "ff", 1)), InvalidTraceparent::Version);
    }

    #[test]
    fn version_00_has_exactly_55_characters() {
        assert_eq!(refused(&format!("{VALID}-what")), InvalidTraceparent::Length);
        assert_eq!(refused(&format!("{VALID}.")), InvalidTraceparent::Length);
        assert_eq!(refused(&VALID[..54]), InvalidTraceparent::Length);
        assert_eq!(refused(""), InvalidTraceparent::Length);
    }

    #[test]
    fn a_higher_version_may_be_longer_only_after_a_dash() {
        let higher = VALID.replacen("00", "cc", 1);
        assert!(Traceparent::parse(higher.as_bytes()).is_ok());
        assert!(Traceparent::parse(format!("{higher}-what-the-future-holds").as_bytes()).is_ok());
        assert_eq!(refused(&format!("{higher}.what")), InvalidTraceparent::Length);
    }

    #[test]
    fn upper_case_signs_and_zero_ids_are_refused() {
        assert_eq!(refused(&VALID.replace("0af", "0AF")), InvalidTraceparent::TraceId);
        assert_eq!(refused(&VALID.replace("b7ad", "B7AD")), InvalidTraceparent::ParentId);
        assert_eq!(refused(&VALID.replace("b7ad", "+7ad")), InvalidTraceparent::ParentId);
        assert_eq!(refused(&format!("00-{:032}-{:016}-01", 0, 1)), InvalidTraceparent::TraceId);
        assert_eq!(refused(&format!("00-{:032}-{:016}-01", 1, 0)), InvalidTraceparent::ParentId);
        assert_eq!(refused(&VALID.replace("-01", "-.1")), InvalidTraceparent::Flags);
        assert_eq!(refused(&VALID.replace("-b7", "_b7")), InvalidTraceparent::Separator);
    }

    #[test]
    fn optional_white_space_is_trimmed() {
        assert!(Traceparent::parse(format!(" \t{VALID}\t ").as_bytes()).is_ok());
        assert_eq!(refused(&format!("\u{b}{VALID}")), InvalidTraceparent::Separator);
    }

    #[test]
    fn unknown_flags_are_not_passed_on() {
        let all: Traceparent = VALID.replace("-01", "-ff").parse().unwrap();
        assert_eq!(all.flags().to_u8(), 0x03);
    }

    proptest! {
        #[test]
        fn parse_and_format_are_inverse(trace in 1u128.., parent in 1u64.., flags: u8) {
            let value = Traceparent::new(
                TraceId::from(trace), SpanId::from(parent), TraceFlags::new(flags)).unwrap();
            prop_assert_eq!(Traceparent::parse(value.encode().as_str().as_bytes()), Ok(value));
        }

        #[test]
        fn no_input_panics_and_only_valid_text_passes(input in "[0-9a-fA-F+ -]{0,70}") {
            if let Ok(value) = Traceparent::parse(input.as_bytes()) {
                let (input, output) = (input.trim_matches([' ', '\t']), value.to_string());
                prop_assert_eq!(input.get(2..52), output.get(2..52));
            }
        }
    }
}
