//! The platform's policy: the program's own, or the file that `TRILHA_POLICY` names.

use std::{fmt, fs::File, io::Read};

use trilha_core::policy::Policy;

use super::env::Env;
use crate::SetupError;

pub(crate) const POLICY: &str = "TRILHA_POLICY";

pub(crate) fn resolve(of_program: Option<Policy>, env: &Env) -> Result<Option<Policy>, SetupError> {
    match (of_program, env.text(POLICY)) {
        (Some(policy), _) => Ok(Some(policy)),
        (None, Some(path)) => read(&path).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(path: &str) -> Result<Policy, SetupError> {
    let failed = |problem: &dyn fmt::Display| SetupError::new(POLICY, format!("{path}: {problem}"));
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut content = Vec::new();
    // One byte more than a policy may have: the policy says that it is too long.
    file.take(Policy::LONGEST as u64 + 1).read_to_end(&mut content).map_err(|error| failed(&error))?;
    Policy::parse(&content).map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn resolve_file(text: &[u8]) -> Result<Option<Policy>, SetupError> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text).unwrap();
        resolve(None, &Env::of(&[(POLICY, file.path().to_str().unwrap())]))
    }

    #[test]
    fn a_wrong_policy_is_refused_by_line_and_column() {
        let error = resolve_file(b"version = 1\n[trust]\npeers = [\"10.0.0.0/99\"]\n").unwrap_err();
        assert_eq!(error.option(), POLICY);
        assert!(error.to_string().contains("line 3"), "{error}");
    }

    #[test]
    fn a_policy_that_cannot_be_read_is_refused() {
        for error in [
            resolve(None, &Env::of(&[(POLICY, "/nowhere/policy.toml")])).unwrap_err(),
            resolve(None, &Env::of(&[(POLICY, "/dev/zero")])).unwrap_err(),
            resolve_file(b"\xff").unwrap_err(),
            resolve_file(&vec![b'#'; 2 << 20]).unwrap_err(),
        ] {
            assert_eq!(error.option(), POLICY);
        }
    }

    #[test]
    fn without_one_there_is_none() {
        assert_eq!(resolve(None, &Env::of(&[])).unwrap(), None);
    }
}
