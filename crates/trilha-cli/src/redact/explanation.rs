//! Why something of a line is hidden: where it stood and which detector found it, never what it was.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write as _},
};

use trilha_core::guard::{PiiGuard, Ruling};

/// The explanation of one line.
pub(super) struct Explanation<'a> {
    guard: &'a PiiGuard,
    line: u64,
    text: &'a str,
    is_asked: bool,
    /// A place of the text in bytes, and its column in characters.
    known: (usize, usize),
    said: String,
}

impl<'a> Explanation<'a> {
    pub(super) fn new(guard: &'a PiiGuard, line: u64, text: &'a str, is_asked: bool) -> Self {
        Self { guard, line, text, is_asked, known: (0, 1), said: String::new() }
    }

    /// Adds the reasons of a ruling. `place` says where in the line a byte of its text stands; `path` is asked
    /// where there is something to say.
    pub(super) fn add(
        &mut self,
        ruling: &Ruling<'_>,
        place: impl Fn(usize) -> usize,
        path: impl FnOnce() -> String,
    ) {
        if !self.is_asked || (ruling.reasons.is_empty() && !ruling.is_cut) {
            return;
        }
        let path = path();
        if ruling.is_cut {
            self.say(place(0), &path, "- cut: it is longer than the rules allow");
        }
        for reason in &ruling.reasons {
            let (detector, action) = (self.guard.name(reason.detector), reason.action.name());
            let said = format_args!("{detector} {action}: {}", reason.detector.meaning());
            self.say(place(reason.range.start), &path, said);
        }
    }

    /// Prints it to stderr, if it was asked for.
    pub(super) fn print(&self) {
        // Where stderr is gone, there is nobody to tell.
        let _ = io::stderr().write_all(self.said.as_bytes());
    }

    fn say(&mut self, at: usize, path: &str, what: impl Display) {
        let (line, column) = (self.line, self.column(at));
        // Writing to a string does not fail.
        let _ = writeln!(self.said, "{line}:{column} {path} {what}");
    }

    /// The column of a place that is not before one that was asked for.
    fn column(&mut self, at: usize) -> usize {
        let (known, column) = self.known;
        let between = self.text.get(known..at).unwrap_or_default();
        self.known = (at.max(known), column + between.chars().count());
        self.known.1
    }
}
