//! What is known of a callsite before a value is seen: worked out once, and kept.

use super::{PiiGuard, Place, scan::Suspicion, value::has_many_digits};
use crate::recorder::{Callsite, Scalar, StaticKey};

/// What a guard knows of a callsite.
pub(crate) struct Known {
    /// Whether its name leaves as it is.
    pub(crate) lets_name_through: bool,
    /// Its keys, in their order.
    pub(crate) keys: Box<[KnownKey]>,
}

/// What a guard knows of a key.
#[derive(Debug)]
pub(crate) struct KnownKey {
    pub(crate) key: StaticKey,
    /// A text of so many bytes or more is not looked at before it is judged. Zero: none is.
    unseen_bytes: usize,
    /// Whether it leaves it to its values what becomes of them.
    is_unruled: bool,
}

impl KnownKey {
    /// Whether a text leaves as it is, as far as that can be told at first sight: so it is with nearly all.
    #[inline(always)]
    pub(crate) fn lets_text_through(&self, text: &str) -> bool {
        text.len() < self.unseen_bytes && Suspicion::of_any(text.as_bytes()) == Suspicion::NONE
    }

    /// As [`lets_text_through`](Self::lets_text_through), of a number or a truth value.
    #[inline(always)]
    pub(crate) fn lets_scalar_through(&self, value: Scalar) -> bool {
        self.is_unruled && !has_many_digits(value.into())
    }
}

impl PiiGuard {
    /// What is known of a callsite. None where too many others are known already.
    #[inline]
    pub(crate) fn known(&self, callsite: &Callsite) -> Option<&Known> {
        self.0.callsites.get(callsite).or_else(|| self.judge_callsite(callsite))
    }

    #[cold]
    fn judge_callsite(&self, callsite: &Callsite) -> Option<&Known> {
        let known_key = |key: &StaticKey| {
            let kind = self.treatment(Place::SpanAttribute, key.text()).kind;
            let unseen_bytes = self.0.unseen_bytes(Place::SpanAttribute, kind);
            KnownKey { key: key.clone(), unseen_bytes, is_unruled: !kind.is_of_key() }
        };
        let known = Known {
            lets_name_through: self.lets_text_through(Place::SpanName, "", callsite.name()),
            keys: callsite.keys().iter().map(known_key).collect(),
        };
        self.0.callsites.keep(callsite, known);
        self.0.callsites.get(callsite)
    }
}
