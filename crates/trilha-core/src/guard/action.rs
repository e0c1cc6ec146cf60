//! What becomes of what was found: the marker in its place, or nothing at all.

use std::{
    borrow::Cow,
    fmt::{self, Write},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{Detector, debug_shape};

/// What becomes of what was found. The order is that of strictness.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Action {
    /// `[hash:…]` stands in its place: an HMAC-SHA256 of 128 bits, so that equal values still join. Needs a
    /// [`HashKey`].
    Hash,
    /// `[redacted:…]` with the detector's name stands in its place.
    Replace,
    /// The whole value, with its key, does not leave.
    Drop,
    /// Nothing of the span leaves but its ids, its kind and its times. Elsewhere as [`Drop`](Self::Drop).
    RefuseSpan,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Hash, Self::Replace, Self::Drop, Self::RefuseSpan];

    /// The name in a policy file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Replace => "replace",
            Self::Drop => "drop",
            Self::RefuseSpan => "refuse_span",
        }
    }
}

/// The secret key of hashed values. Services that share it hash equal values to equal ones.
///
/// It belongs in no policy file, which many may read. It is never shown.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

impl HashKey {
    /// The variable of the environment by which a program gets it.
    pub const VARIABLE: &str = "TRILHA_HASH_KEY";

    /// The shortest key, in bytes.
    pub const SHORTEST: usize = 16;

    /// A key of at least [`SHORTEST`](Self::SHORTEST) bytes, as random as can be had. `None`: it is shorter.
    pub fn new(secret: impl AsRef<[u8]>) -> Option<Self> {
        let secret = secret.as_ref();
        let mac = || Hmac::new_from_slice(secret).ok();
        if secret.len() < Self::SHORTEST { None } else { mac().map(Self) }
    }

    fn write(&self, text: &str, out: &mut String) {
        let mac = self.0.clone().chain_update(text).finalize().into_bytes();
        out.push_str("[hash:");
        for byte in mac.iter().take(16) {
            // Writing to a string does not fail.
            let _ = write!(out, "{byte:02x}");
        }
        out.push(']');
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

/// Writes what stands in the place of `found`. It holds no part of it.
pub(super) fn write_marker(
    out: &mut String,
    detector: Detector,
    name: &str,
    found: &str,
    key: Option<&HashKey>,
) {
    match (key, detector) {
        (Some(key), _) => key.write(&canonical(detector, found), out),
        (None, Detector::Debug) => out.push_str(debug_shape::HIDDEN),
        (None, _) => out.extend(["[redacted:", name, "]"]),
    }
}

/// The value without the ways to write it: a number's separators, an address's capitals.
fn canonical(detector: Detector, found: &str) -> Cow<'_, str> {
    match detector {
        Detector::Email => found.to_lowercase().into(),
        Detector::Card
        | Detector::Iban
        | Detector::Cpf
        | Detector::Cnpj
        | Detector::Ssn
        | Detector::Phone => {
            found.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
        }
        _ => found.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(detector: Detector, found: &str, key: Option<&HashKey>) -> String {
        let mut out = String::new();
        write_marker(&mut out, detector, detector.name(), found, key);
        out
    }

    #[test]
    fn equal_values_hash_alike_under_one_key_alone() {
        let (key, other) = (HashKey::new([7; 16]).unwrap(), HashKey::new([8; 16]).unwrap());
        let hash = marker(Detector::Email, "ana@example.com", Some(&key));
        assert_eq!(hash.len(), "[hash:]".len() + 32);
        assert_eq!(marker(Detector::Email, "ana@example.com", Some(&key)), hash);
        assert_ne!(marker(Detector::Email, "ana@example.com", Some(&other)), hash);
        assert_ne!(marker(Detector::Email, "bob@example.com", Some(&key)), hash);
        assert_eq!(marker(Detector::Email, "ana@example.com", None), "[redacted:email]");
    }

    #[test]
    fn how_a_value_is_written_does_not_change_its_hash() {
        let key = HashKey::new([7; 16]).unwrap();
        let hash = |detector, found| marker(detector, found, Some(&key));
        assert_eq!(hash(Detector::Cpf, "529.982.247-25"), hash(Detector::Cpf, "52998224725"));
        assert_eq!(hash(Detector::Email, "Ana@Example.com"), hash(Detector::Email, "ana@example.com"));
        assert_ne!(hash(Detector::Class, "Ana"), hash(Detector::Class, "ana"));
    }

    #[test]
    fn the_hash_is_the_hmac_of_rfc_4231() {
        let key = HashKey::new([0x0b; 20]).unwrap();
        // Test case 1.
        assert_eq!(marker(Detector::Key, "Hi There", Some(&key)), "[hash:b0344c61d8db38535ca8afceaf0bf12b]");
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!(HashKey::new("fifteen letters").is_none());
        assert_eq!(format!("{:?}", HashKey::new([65; 32]).unwrap()), "HashKey(…)");
    }
}
