//! How an explanation looks: sections of rows, and problems with the place where they are.
//!
//! All text may be foreign: nothing reaches the terminal that is not [`clean`].

use std::{
    fmt::{self, Display},
    ops::Range,
};

use crate::terminal::clean;

/// How much of a long value is shown before and after a problem, in bytes.
const AROUND: usize = 60;

/// What is told under one title.
#[derive(Debug)]
pub(super) struct Section {
    title: String,
    rows: Vec<(String, String)>,
    problems: Vec<Problem>,
}

/// A rule that is broken, and where.
#[derive(Debug)]
struct Problem {
    rule: String,
    place: Option<Place>,
}

#[derive(Debug)]
struct Place {
    text: Vec<u8>,
    at: Range<usize>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), rows: Vec::new(), problems: Vec::new() }
    }

    /// Adds a line that says what something is. An empty `label` continues the line before it.
    pub(super) fn row(&mut self, label: impl AsRef<[u8]>, text: impl AsRef<[u8]>) {
        self.rows.push((clean(label.as_ref()), clean(text.as_ref())));
    }

    /// Adds a rule that the section's header breaks as a whole.
    pub(super) fn problem(&mut self, rule: impl Display) {
        self.problems.push(Problem { rule: rule.to_string(), place: None });
    }

    /// Adds a rule that `text` breaks at these bytes.
    pub(super) fn problem_at(&mut self, rule: impl Display, text: &[u8], at: Range<usize>) {
        let place = Some(Place { text: text.to_vec(), at });
        self.problems.push(Problem { rule: rule.to_string(), place });
    }

    /// Whether a service would refuse something of it.
    pub(super) fn is_refused(&self) -> bool {
        !self.problems.is_empty()
    }
}

impl Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let width =
            self.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default().min(32);
        for (label, text) in &self.rows {
            let gap = if width == 0 { "" } else { "  " };
            writeln!(f, "  {label:width$}{gap}{text}")?;
        }
        self.problems.iter().try_for_each(|problem| problem.fmt(f))
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  REFUSED: {}", self.rule)?;
        self.place.iter().try_for_each(|place| place.fmt(f))
    }
}

/// The text around the place, and marks below it.
impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.at;
        let shown_end = end.min(start.saturating_add(AROUND));
        let (first, last) =
            (start.saturating_sub(AROUND), shown_end.saturating_add(AROUND).min(self.text.len()));
        let part = |range| clean(self.text.get(range).unwrap_or_default());
        let before = format!("{}{}", if first > 0 { "…" } else { "" }, part(first..start));
        let marked = part(start..shown_end);
        let after = format!("{}{}", part(shown_end..last), if last < self.text.len() { "…" } else { "" });
        let marks = "^".repeat(marked.chars().count().max(1));
        writeln!(f, "    {before}{marked}{after}")?;
        writeln!(f, "    {:indent$}{marks} at character {}", "", start + 1, indent = before.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_in_a_column() {
        let mut section = Section::new("baggage");
        section.row("a", "1");
        section.row("longer", "2");
        assert_eq!(section.to_string(), "baggage\n  a       1\n  longer  2\n");
    }

    #[test]
    fn a_problem_is_marked_where_it_is_also_in_escaped_text() {
        let mut section = Section::new("baggage");
        section.problem_at("no", b"a\x1b=,b c", 4..7);
        assert_eq!(
            section.to_string(),
            "baggage\n  REFUSED: no\n    a\\u{1b}=,b c\n             ^^^ at character 5\n"
        );
    }

    #[test]
    fn a_long_value_is_shown_around_the_problem() {
        let mut section = Section::new("baggage");
        section.problem_at("no", &[b'x'; 8_000], 4_000..8_000);
        let text = section.to_string();
        assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
        assert!(text.contains("…") && text.contains("at character 4001"), "{text}");
    }
}
