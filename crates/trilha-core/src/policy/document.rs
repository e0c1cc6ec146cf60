//! A TOML document that is read key by key: each fault is kept with its place, and reading goes on.
//!
//! It knows nothing of policies. Specification: [TOML 1.1](https://toml.io/en/v1.1.0).

use std::{cell::RefCell, fmt};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Policy,
    error::{Fault, InvalidPolicy},
};

const MAX_FAULTS: usize = 100;
const MAX_SHOWN_KEY: usize = 64;

/// The text, and what is wrong with it.
pub(super) struct Document<'t> {
    text: &'t str,
    faults: RefCell<Vec<Fault>>,
}

impl<'t> Document<'t> {
    pub(super) fn new(file: &'t [u8]) -> Result<Self, InvalidPolicy> {
        let document = |text| Self { text, faults: RefCell::default() };
        if file.len() > Policy::LONGEST {
            return Err(document("").refusal(0, "longer than 1 MiB"));
        }
        match std::str::from_utf8(file) {
            Ok(text) => Ok(document(text)),
            Err(error) => {
                let valid = file.split_at_checked(error.valid_up_to()).map_or(file, |(valid, _)| valid);
                let text = std::str::from_utf8(valid).unwrap_or_default();
                Err(document(text).refusal(text.len(), "not UTF-8"))
            }
        }
    }

    /// The document's own table. Broken syntax ends the reading.
    pub(super) fn root(&self) -> Result<Table<'_>, InvalidPolicy> {
        match DeTable::parse(self.text) {
            Ok(root) => Ok(Table::new(self, String::new(), 0, root.into_inner())),
            Err(error) => Err(self.refusal(error.span().map_or(0, |span| span.start), error.message())),
        }
    }

    /// What was read, if nothing was wrong.
    pub(super) fn finish<T>(self, value: T) -> Result<T, InvalidPolicy> {
        match self.faults.into_inner() {
            faults if faults.is_empty() => Ok(value),
            faults => Err(InvalidPolicy::new(faults)),
        }
    }

    fn refuse(&self, at: usize, key: &str, reason: impl fmt::Display) {
        let mut faults = self.faults.borrow_mut();
        if faults.len() < MAX_FAULTS {
            let (line, column) = place(self.text, at);
            faults.push(Fault { line, column, key: key.to_owned(), reason: reason.to_string() });
        }
    }

    fn refusal(&self, at: usize, reason: &str) -> InvalidPolicy {
        let (line, column) = place(self.text, at);
        InvalidPolicy::new(vec![Fault { line, column, key: String::new(), reason: reason.to_owned() }])
    }
}

/// Line and column of a byte, from 1. A column is a character, as editors count.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

/// A table whose keys are taken out one by one; what is left is unknown.
pub(super) struct Table<'t> {
    document: &'t Document<'t>,
    path: String,
    start: usize,
    entries: DeTable<'t>,
    asked: Vec<(&'static str, Option<usize>)>, // where the value stands, if it is there
    faults_before: usize,
}

impl<'t> Table<'t> {
    fn new(document: &'t Document<'t>, path: String, start: usize, entries: DeTable<'t>) -> Self {
        let faults_before = document.faults.borrow().len();
        Self { document, path, start, entries, asked: Vec::new(), faults_before }
    }

    /// The value of `key`, if it is there. What is not of the type that is asked for is refused.
    fn take(&mut self, key: &'static str) -> Option<Value<'t>> {
        let value = self.entries.remove(key);
        self.asked.push((key, value.as_ref().map(|value| value.span().start)));
        value.map(|value| Value::new(self.document, join(&self.path, key), value))
    }

    pub(super) fn table(&mut self, key: &'static str) -> Option<Self> {
        self.take(key)?.table()
    }

    /// The tables in the table `key`, with their names, in the order of the text.
    ///
    /// Each is opened when the one before has been read: what that one lacks is no fault of the next.
    pub(super) fn tables(&mut self, key: &'static str) -> impl Iterator<Item = (String, Self)> + use<'t> {
        let (document, path) = (self.document, join(&self.path, key));
        let mut entries: Vec<_> = self.table(key).into_iter().flat_map(|table| table.entries).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        entries.into_iter().filter_map(move |(key, value)| {
            let value = Value::new(document, join(&path, key.get_ref()), value);
            Some((key.into_inner().into_owned(), value.table()?))
        })
    }

    pub(super) fn list(&mut self, key: &'static str) -> Option<Vec<Value<'t>>> {
        self.take(key)?.list()
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.take(key)?.text().map(str::to_owned)
    }

    pub(super) fn texts(&mut self, key: &'static str) -> Option<Vec<String>> {
        self.list(key)?.iter().map(|value| value.text().map(str::to_owned)).collect()
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.take(key)?.boolean()
    }

    /// An integer that is not negative.
    pub(super) fn number<T: TryFrom<u64>>(&mut self, key: &'static str) -> Option<T> {
        self.take(key)?.number()
    }

    /// One of these words.
    pub(super) fn one_of<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.take(key)?.one_of(words)
    }

    /// A list of these words.
    pub(super) fn some_of<T, C>(&mut self, key: &'static str, words: &[(&str, T)]) -> Option<C>
    where
        T: Copy,
        C: FromIterator<T>,
    {
        self.list(key)?.iter().map(|value| value.one_of(words)).collect()
    }

    /// Whether something in it was refused.
    pub(super) fn has_faults(&self) -> bool {
        self.document.faults.borrow().len() > self.faults_before
    }

    /// Refuses the table itself.
    pub(super) fn refuse(&self, reason: &str) {
        self.document.refuse(self.start, &self.path, reason);
    }

    /// Refuses a key that was taken, where its value stands, or else where the table does.
    pub(super) fn refuse_key(&self, key: &str, reason: &str) {
        let start = self.asked.iter().find(|(asked, _)| *asked == key).and_then(|(_, start)| *start);
        self.document.refuse(start.unwrap_or(self.start), &join(&self.path, key), reason);
    }

    /// Refuses the table if one of these keys was taken and is not there.
    pub(super) fn demand(&self, keys: &[&str]) {
        for key in keys {
            if self.asked.iter().any(|(asked, start)| asked == key && start.is_none()) {
                self.refuse_key(key, "is missing");
            }
        }
    }

    /// Refuses every key that was not asked for.
    pub(super) fn refuse_rest(self) {
        let asked: Vec<_> = self.asked.iter().map(|(key, _)| *key).collect();
        let reason = format!("unknown key; expected one of {}", asked.join(", "));
        for key in self.entries.keys() {
            self.document.refuse(key.span().start, &join(&self.path, key.get_ref()), &reason);
        }
    }
}

/// A value with its place.
pub(super) struct Value<'t> {
    document: &'t Document<'t>,
    path: String,
    start: usize,
    value: DeValue<'t>,
}

impl<'t> Value<'t> {
    fn new(document: &'t Document<'t>, path: String, value: Spanned<DeValue<'t>>) -> Self {
        Self { document, path, start: value.span().start, value: value.into_inner() }
    }

    pub(super) fn refuse(&self, reason: impl fmt::Display) {
        self.document.refuse(self.start, &self.path, reason);
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            DeValue::String(text) => Some(text),
            _ => self.refuse_type("a string"),
        }
    }

    fn table(self) -> Option<Table<'t>> {
        match self.value {
            DeValue::Table(entries) => Some(Table::new(self.document, self.path, self.start, entries)),
            _ => self.refuse_type("a table"),
        }
    }

    fn list(self) -> Option<Vec<Self>> {
        let DeValue::Array(values) = self.value else { return self.refuse_type("a list") };
        let value = |value| Self::new(self.document, self.path.clone(), value);
        Some(values.into_iter().map(value).collect())
    }

    fn boolean(&self) -> Option<bool> {
        match self.value {
            DeValue::Boolean(value) => Some(value),
            _ => self.refuse_type("true or false"),
        }
    }

    fn number<T: TryFrom<u64>>(&self) -> Option<T> {
        let DeValue::Integer(number) = &self.value else { return self.refuse_type("an integer") };
        let number = u64::from_str_radix(number.as_str(), number.radix()).ok();
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            self.refuse("is out of range");
        }
        number
    }

    fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            self.refuse(format_args!("expected one of {}", words.join(", ")));
        }
        found.map(|(_, value)| *value)
    }

    fn refuse_type<T>(&self, expected: &str) -> Option<T> {
        self.refuse(format_args!("expected {expected}, not {}", self.value.type_str()));
        None
    }
}

/// A key with its tables, as it would be written; shortened, and without control characters.
fn join(path: &str, key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let short: String = key.chars().take(MAX_SHOWN_KEY).collect();
    let end = if short.len() < key.len() { "…" } else { "" };
    let key = match !key.is_empty() && short.chars().all(is_bare) {
        true => format!("{short}{end}"),
        false => format!("\"{}{end}\"", short.escape_debug()),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}
