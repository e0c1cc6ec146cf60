//! The guard: rules and patterns of the policy, detectors and the hash key of the program.

use std::sync::Arc;

use trilha_core::{
    guard::{Detect, HashKey, InvalidGuard, PiiGuard, Rules},
    policy::Policy,
};

use super::{SpanSettings, env::Env, policy::POLICY};
use crate::SetupError;

const HASH_KEY: &str = HashKey::VARIABLE;

/// As much as a policy may say.
const MOST_VALUE_BYTES: usize = 1 << 20;

/// What the program itself said.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardOptions {
    pub(crate) detectors: Vec<Arc<dyn Detect>>,
    pub(crate) hash_key: Option<HashKey>,
}

/// A limit for values of spans raises the guard's, which cuts them first; a policy's own one stands above both.
pub(crate) fn resolve(
    options: GuardOptions,
    policy: &Policy,
    spans: &SpanSettings,
    env: &Env,
) -> Result<PiiGuard, SetupError> {
    let mut builder = policy.to_guard();
    if let Some(chars) = spans.attribute_length {
        let bytes = chars * char::MAX.len_utf8();
        builder = builder.default_value_bytes(bytes.clamp(Rules::VALUE_BYTES, MOST_VALUE_BYTES));
    }
    for detector in options.detectors {
        builder = builder.detector(detector);
    }
    let of_environment = env.text(HASH_KEY).map(|key| {
        let short = || SetupError::new(HASH_KEY, format!("is shorter than {} bytes", HashKey::SHORTEST));
        HashKey::new(key).ok_or_else(short)
    });
    if let Some(key) = options.hash_key.map(Ok).or(of_environment).transpose()? {
        builder = builder.hash_key(key);
    }
    builder.build().map_err(|error| {
        let option = match error {
            InvalidGuard::HashKey => HASH_KEY,
            _ if policy.patterns().is_empty() => "detector",
            _ => POLICY,
        };
        SetupError::new(option, error)
    })
}

#[cfg(test)]
mod tests {
    use trilha_core::guard::{Place, Verdict};

    use super::*;

    const HASHED: &str = "version = 1\n[guard.detectors]\nemail = 'hash'";

    fn option(policy: &str, env: &[(&str, &str)]) -> Option<String> {
        let policy = Policy::parse(policy).unwrap();
        let guard = resolve(GuardOptions::default(), &policy, &SpanSettings::default(), &Env::of(env));
        guard.err().map(|error| error.option().to_owned())
    }

    #[test]
    fn a_hash_needs_a_key_of_some_length() {
        assert_eq!(option("version = 1", &[]), None);
        assert_eq!(option(HASHED, &[]).as_deref(), Some(HASH_KEY));
        assert_eq!(option(HASHED, &[(HASH_KEY, "short")]).as_deref(), Some(HASH_KEY));
        assert_eq!(option(HASHED, &[(HASH_KEY, "0123456789abcdef")]), None);
    }

    #[test]
    fn what_a_span_may_hold_passes_the_guard_unless_the_policy_says_less() {
        let left = |policy: &str, attribute_length| {
            let policy = Policy::parse(policy).unwrap();
            let spans = SpanSettings { attribute_length, ..SpanSettings::default() };
            let guard = resolve(GuardOptions::default(), &policy, &spans, &Env::of(&[])).unwrap();
            let text = "語 ".repeat(500_000);
            let verdict = guard.judge(Place::SpanAttribute, "text", &text);
            let Verdict::Clean(left) = verdict else { panic!("{verdict:?}") };
            left.chars().count()
        };
        let default = left("version = 1", None);
        assert!(default < 16_384);
        assert_eq!(left("version = 1", Some(100)), default, "other exits have no such limit");
        assert!(left("version = 1", Some(100_000)) >= 100_000);
        assert_eq!(left("version = 1", Some(1_000_000)), MOST_VALUE_BYTES / 2);
        assert!(left("version = 1\n[guard]\nvalue_bytes = 8192", Some(100_000)) < 8_192);
    }
}
