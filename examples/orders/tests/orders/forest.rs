//! Traces without what differs from run to run: ids, times, the names that a run or a broker gives.

use std::fmt;

/// One span and those below it; siblings in the order of their text.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Tree {
    pub(crate) span: String,
    pub(crate) below: Vec<Tree>,
}

impl Tree {
    pub(crate) fn new(span: String, mut below: Vec<Tree>) -> Self {
        below.sort();
        Self { span, below }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        writeln!(f, "{:1$}{2}", "", 2 * depth, self.span)?;
        self.below.iter().try_for_each(|tree| tree.write(f, depth + 1))
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// The trees in the output of a run, by the orders' numbers.
pub(crate) fn printed(stdout: &str) -> Vec<Tree> {
    let mut trees: Vec<(String, Tree)> = stdout
        .split("\n\n")
        .filter_map(|section| {
            let (heading, rest) = section.trim_start().split_once("\ntrace ")?;
            let rows: Vec<_> = rest.lines().skip(1).map(row).collect();
            let (tree, read) = read(&rows, 0)?;
            assert_eq!(read, rows.len(), "more than one root:\n{section}");
            Some((heading.split(':').next()?.to_owned(), tree))
        })
        .collect();
    trees.sort();
    trees.into_iter().map(|(_, tree)| tree).collect()
}

/// Depth and span of a printed row: `│  └─ service  KIND  name  12.3ms  …`.
fn row(line: &str) -> (usize, String) {
    let (guides, text) = line.split_once("─ ").unwrap();
    let mut fields: Vec<_> = text.split("  ").collect();
    let _duration = fields.remove(3);
    (guides.chars().count() / 3, plain(&fields.join("  ")))
}

/// The tree that begins at a row, and the number of the first row behind it.
fn read(rows: &[(usize, String)], at: usize) -> Option<(Tree, usize)> {
    let (depth, span) = rows.get(at)?;
    let (mut below, mut next) = (Vec::new(), at + 1);
    while rows.get(next).is_some_and(|(deeper, _)| deeper > depth) {
        let (tree, behind) = read(rows, next)?;
        below.push(tree);
        next = behind;
    }
    Some((Tree::new(span.clone(), below), next))
}

/// A span's text without what a run adds to the names of queues, and with one word for settling.
pub(crate) fn plain(text: &str) -> String {
    let words = text.split(' ').map(|word| match word {
        "ack" => "commit",
        _ => ["payment_needed", "payment_complete"]
            .into_iter()
            .find(|queue| word.starts_with(&format!("{queue}_")))
            .unwrap_or(word),
    });
    words.collect::<Vec<_>>().join(" ")
}
