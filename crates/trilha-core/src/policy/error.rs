//! Why a policy is refused, with the place of each fault in its file.

use std::fmt;

/// A policy file that breaks rules: all of them, unless its syntax is broken.
///
/// `Display` writes a line for each fault.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InvalidPolicy {
    faults: Vec<Fault>, // never empty, in the order of the file
}

impl InvalidPolicy {
    pub(super) fn new(mut faults: Vec<Fault>) -> Self {
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Self { faults }
    }

    /// What is wrong, in the order of the file: at least one fault, and at most a hundred.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, fault) in self.faults.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}line {}, column {}: {}", fault.line, fault.column, fault.message())?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidPolicy {}

/// One thing that is wrong in a policy file, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) key: String,
    pub(super) reason: String,
}

impl Fault {
    /// The line, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The key to change, with its tables: `keys.tenant.cardinality`. Empty where the syntax is broken.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, with the key to change, without the place.
    pub fn message(&self) -> impl fmt::Display {
        let separator = if self.key.is_empty() { "" } else { ": " };
        format!("{}{separator}{}", self.key, self.reason)
    }
}
