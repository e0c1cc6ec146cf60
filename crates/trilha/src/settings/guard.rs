//! The guard: rules and patterns of the policy, detectors and the hash key of the program.

use std::sync::Arc;

use trilha_core::{
    guard::{Detect, HashKey, InvalidGuard, PiiGuard},
    policy::Policy,
};

use super::{env::Env, policy::POLICY};
use crate::SetupError;

const HASH_KEY: &str = HashKey::VARIABLE;

/// What the program itself said.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuardOptions {
    pub(crate) detectors: Vec<Arc<dyn Detect>>,
    pub(crate) hash_key: Option<HashKey>,
}

pub(crate) fn resolve(options: GuardOptions, policy: &Policy, env: &Env) -> Result<PiiGuard, SetupError> {
    let mut builder = policy.to_guard();
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
    use super::*;

    const HASHED: &str = "version = 1\n[guard.detectors]\nemail = 'hash'";

    fn option(policy: &str, env: &[(&str, &str)]) -> Option<String> {
        let policy = Policy::parse(policy).unwrap();
        let guard = resolve(GuardOptions::default(), &policy, &Env::of(env));
        guard.err().map(|error| error.option().to_owned())
    }

    #[test]
    fn a_hash_needs_a_key_of_some_length() {
        assert_eq!(option("version = 1", &[]), None);
        assert_eq!(option(HASHED, &[]).as_deref(), Some(HASH_KEY));
        assert_eq!(option(HASHED, &[(HASH_KEY, "short")]).as_deref(), Some(HASH_KEY));
        assert_eq!(option(HASHED, &[(HASH_KEY, "0123456789abcdef")]), None);
    }
}
