//! The built-in context keys, known by number: no search, no text on the hot path.

use std::borrow::Cow;

use super::{Definition, Key, generated::CONTEXT};

impl Key {
    /// What is known of it, without what a platform's policy says.
    pub fn definition(self) -> &'static Definition {
        // As many definitions as there are keys: both are made from one list.
        #[expect(clippy::indexing_slicing, reason = "a key is a place in the table")]
        &CONTEXT[self.index()]
    }

    /// Its place in [`ALL`](Self::ALL), and in [`Schema::context_keys`](super::Schema::context_keys).
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The attribute's name.
    pub fn name(self) -> &'static str {
        match &self.definition().0.name {
            Cow::Borrowed(name) => name,
            Cow::Owned(name) => name,
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Exit;

    #[test]
    fn a_key_is_its_place_in_the_list() {
        for (at, key) in Key::ALL.into_iter().enumerate() {
            assert_eq!(key.index(), at);
            assert_eq!(key.definition().name(), key.name());
        }
    }

    #[test]
    fn a_tenant_is_one_word() {
        let tenant = Key::Tenant.definition();
        assert!(tenant.accepts("banking-core"));
        for bad in ["", "two words", "line\nbreak", &"x".repeat(129)] {
            assert!(!tenant.accepts(bad), "{bad:?}");
        }
    }

    #[test]
    fn ids_are_no_metric_attributes() {
        for key in Key::ALL {
            let is_id = matches!(key, Key::CorrelationId | Key::PolicyDigest);
            assert_eq!(key.definition().travels(Exit::Metric), !is_id, "{key}");
        }
    }
}
