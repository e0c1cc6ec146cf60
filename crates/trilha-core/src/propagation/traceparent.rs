//! The W3C `traceparent` header: parse and format, nothing else.
//!
//! No I/O, no clock, no carrier: an adapter passes a value and gets a [`Traceparent`], or the
//! reason why it was refused.
//!
//! Specification: [W3C Trace Context Level 2, section 3.2](https://www.w3.org/TR/2024/CRD-trace-context-2-20240328/#traceparent-header).

use std::{fmt, str};

use opentelemetry::{SpanId, TraceFlags, TraceId};

use super::list::trim;

const LENGTH: usize = 55;
const TRACE_ID: usize = 3;
const PARENT_ID: usize = 36;
const FLAGS: usize = 53;

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
    trace_id: TraceId, // never zero
    parent_id: SpanId, // never zero
    flags: TraceFlags, // only `sampled` and `random`
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
        let value = trim(value);
        let (head, rest) = value.split_at_checked(LENGTH).ok_or(Invalid::Length)?;
        let head: &[u8; LENGTH] = head.try_into().map_err(|_| Invalid::Length)?;
        let version = hex::<1>(head, 0).ok_or(Invalid::Version)?;
        match (version, rest) {
            ([0xff], _) => return Err(Invalid::Version),
            ([0x00], []) => {}
            ([1..=0xfe], [] | [b'-', ..]) => {}
            _ => return Err(Invalid::Length),
        }
        if [TRACE_ID, PARENT_ID, FLAGS].iter().any(|at| head.get(at - 1) != Some(&b'-')) {
            return Err(Invalid::Separator);
        }
        let trace_id = hex::<16>(head, TRACE_ID).ok_or(Invalid::TraceId)?;
        let parent_id = hex::<8>(head, PARENT_ID).ok_or(Invalid::ParentId)?;
        let [flags] = hex::<1>(head, FLAGS).ok_or(Invalid::Flags)?;
        Self::new(TraceId::from_bytes(trace_id), SpanId::from_bytes(parent_id), TraceFlags::new(flags))
            .ok_or(if trace_id == [0; 16] { Invalid::TraceId } else { Invalid::ParentId })
    }

    /// A value of these ids, unless one of them is zero. Unknown flags are cleared.
    pub fn new(trace_id: TraceId, parent_id: SpanId, flags: TraceFlags) -> Option<Self> {
        let valid = trace_id != TraceId::INVALID && parent_id != SpanId::INVALID;
        let flags = flags & (TraceFlags::SAMPLED | RANDOM_FLAG);
        valid.then_some(Self { trace_id, parent_id, flags })
    }

    /// The trace that the sender belongs to.
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The span that sent it: the parent of the receiver's first span.
    pub fn parent_id(&self) -> SpanId {
        self.parent_id
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
        let mut text = [b'-'; LENGTH];
        let (version, ids) = text.split_at_mut(TRACE_ID);
        version.copy_from_slice(b"00-");
        write_hex(&self.trace_id.to_bytes(), ids);
        write_hex(&self.parent_id.to_bytes(), ids.split_at_mut(PARENT_ID - TRACE_ID).1);
        write_hex(&[self.flags.to_u8()], ids.split_at_mut(FLAGS - TRACE_ID).1);
        EncodedTraceparent(text)
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
#[derive(Clone, Copy, Debug)]
pub struct EncodedTraceparent([u8; LENGTH]);

impl EncodedTraceparent {
    /// The value as text.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

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

fn hex<const N: usize>(text: &[u8; LENGTH], at: usize) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let digits = text.get(at..at + 2 * N)?.chunks_exact(2);
    for (byte, pair) in bytes.iter_mut().zip(digits) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}

fn write_hex(bytes: &[u8], text: &mut [u8]) {
    const fn character(nibble: u8) -> u8 {
        if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
    }
    for (byte, pair) in bytes.iter().zip(text.chunks_exact_mut(2)) {
        pair.copy_from_slice(&[character(byte >> 4), character(byte & 0x0f)]);
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
        assert_eq!(refused(&format!("\u{b}{VALID}")), InvalidTraceparent::Version);
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
