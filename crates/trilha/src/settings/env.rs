//! Values of environment variables, read once, each error naming its variable.
//!
//! Specification: [OpenTelemetry environment variables](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).

use std::{collections::HashMap, env, ffi::OsString, time::Duration};

use crate::SetupError;

/// The variables of the process's environment that are about telemetry, or a test's.
pub(crate) struct Env(HashMap<String, String>);

impl Env {
    /// The environment of this process.
    pub(crate) fn of_process() -> Result<Self, SetupError> {
        Self::read(env::vars_os())
    }

    /// Other programs' variables may hold what they like; a setting of ours is text, or an error.
    fn read(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Self, SetupError> {
        let is_ours = |name: &str| {
            name == "RUST_LOG" || ["OTEL_", "TRILHA_"].iter().any(|prefix| name.starts_with(prefix))
        };
        variables
            .filter_map(|(name, value)| Some((name.into_string().ok().filter(|it| is_ours(it))?, value)))
            .map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(SetupError::new(name, "is not UTF-8")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    #[cfg(test)]
    pub(crate) fn of(variables: &[(&str, &str)]) -> Self {
        Self(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The value. An empty one counts as none, as the specification asks.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// One of some names, or several, in small letters: the specification asks that their case is ignored.
    pub(crate) fn name(&self, name: &str) -> Option<String> {
        self.text(name).map(|value| value.to_ascii_lowercase())
    }

    /// True or false. Anything else is an error: a switch that is misspelt must not be guessed.
    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, SetupError> {
        match self.name(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(SetupError::new(name, "is neither true nor false")),
        }
    }

    /// A whole number within `range`.
    pub(crate) fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Result<Option<u64>, SetupError> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) if range.contains(&value) => Ok(Some(value)),
            _ => Err(SetupError::new(
                name,
                format!("is not a whole number from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// A duration in milliseconds, from 1 ms to a day.
    pub(crate) fn millis(&self, name: &str) -> Result<Option<Duration>, SetupError> {
        Ok(self.number(name, 1..=86_400_000)?.map(Duration::from_millis))
    }

    /// A list of `key=value` pairs, percent-encoded, as headers and resource attributes are.
    pub(crate) fn pairs(&self, name: &str) -> Result<Vec<(String, String)>, SetupError> {
        let text = self.text(name).unwrap_or_default();
        let members = text.split(',').map(str::trim).filter(|member| !member.is_empty());
        members
            .map(|member| {
                let (key, value) = member
                    .split_once('=')
                    .filter(|(key, _)| !key.trim().is_empty())
                    .ok_or_else(|| SetupError::new(name, "is not a list of key=value pairs"))?;
                let decoded = |text: &str| {
                    let problem = "holds a key or a value that is not percent-encoded UTF-8";
                    percent_decode(text.trim()).ok_or_else(|| SetupError::new(name, problem))
                };
                Ok((decoded(key)?, decoded(value)?))
            })
            .collect()
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok().filter(|d| !d.starts_with('+'))?;
                u8::from_str_radix(digits, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_names_its_variable() {
        let env =
            Env::of(&[("A", "yes"), ("B", "-1"), ("C", "1e12"), ("D", "k"), ("E", "k=%zz"), ("F", "%=k")]);
        assert_eq!(env.boolean("A").unwrap_err().option(), "A");
        assert_eq!(env.number("B", 1..=9).unwrap_err().option(), "B");
        assert_eq!(env.millis("C").unwrap_err().option(), "C");
        assert_eq!(env.pairs("D").unwrap_err().option(), "D");
        assert_eq!(env.pairs("E").unwrap_err().option(), "E");
        assert_eq!(env.pairs("F").unwrap_err().option(), "F");
    }

    #[test]
    fn pairs_are_decoded() {
        let env = Env::of(&[("A", "k=a%20b, x = y=z,a%2Cb%3D=c")]);
        let expected = [("k", "a b"), ("x", "y=z"), ("a,b=", "c")];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(env.pairs("A").unwrap(), expected);
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_an_error_where_it_is_a_setting() {
        use std::os::unix::ffi::OsStringExt;
        let read = |name: &str| Env::read([(name.into(), OsString::from_vec(vec![0xff]))].into_iter());
        assert_eq!(read("OTEL_SERVICE_NAME").err().unwrap().to_string(), "OTEL_SERVICE_NAME: is not UTF-8");
        assert_eq!(read("RUST_LOG").err().unwrap().option(), "RUST_LOG");
        assert!(read("LS_COLORS").is_ok());
    }

    #[test]
    fn an_empty_value_is_none() {
        let env = Env::of(&[("A", " ")]);
        assert_eq!(env.text("A"), None);
        assert_eq!(env.boolean("A").unwrap(), None);
    }
}
