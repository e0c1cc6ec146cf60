//! The order of a tree's rows and the guides in front of them. No text of a span is read here.
//!
//! A stack, no recursion: a chain of a hundred thousand spans is a tree too.

use crate::trace::Shape;

/// Deeper rows are not indented further; they say how deep they are.
const MAX_INDENT: usize = 32;

/// One row of the tree.
#[derive(Debug)]
pub(super) enum Row<'s> {
    /// Above the spans that name a parent which has not arrived.
    MissingParent { id: [u8; 8], spans: &'s [usize], is_last: bool },
    /// Above a span whose ancestors lead back to it.
    Circle { is_last: bool },
    /// A span of the trace.
    Span { index: usize, depth: usize, is_last: bool, has_children: bool },
}

/// All rows, each span in exactly one of them.
pub(super) fn rows(shape: &Shape) -> impl Iterator<Item = Row<'_>> {
    let mut visited = vec![false; shape.children.len()];
    let mut stack: Vec<Row<'_>> = Vec::new();
    let last_group = shape.roots.len() + shape.missing.len() + shape.circles.len();
    let mut group = last_group;

    // The first row to be popped is pushed last.
    for &index in shape.circles.iter().rev() {
        stack.push(Row::Span { index, depth: 1, is_last: true, has_children: false });
        stack.push(Row::Circle { is_last: group == last_group });
        group -= 1;
    }
    for (&id, spans) in shape.missing.iter().rev() {
        push_spans(&mut stack, spans, 1);
        stack.push(Row::MissingParent { id, spans, is_last: group == last_group });
        group -= 1;
    }
    for &index in shape.roots.iter().rev() {
        let is_last = group == last_group;
        stack.push(Row::Span { index, depth: 0, is_last, has_children: false });
        group -= 1;
    }

    std::iter::from_fn(move || {
        loop {
            let row = stack.pop()?;
            let Row::Span { index, depth, is_last, .. } = row else {
                return Some(row);
            };
            match visited.get_mut(index) {
                Some(mark) if !*mark => *mark = true,
                // A circle's first member, met again as a child.
                _ => continue,
            }
            let children = shape.children.get(index).map(Vec::as_slice).unwrap_or_default();
            let below = stack.len();
            let unvisited = |child: &&usize| visited.get(**child) == Some(&false);
            let children: Vec<usize> = children.iter().filter(unvisited).copied().collect();
            push_spans(&mut stack, &children, depth + 1);
            let has_children = stack.len() > below;
            return Some(Row::Span { index, depth, is_last, has_children });
        }
    })
}

fn push_spans(stack: &mut Vec<Row<'_>>, spans: &[usize], depth: usize) {
    for (position, &index) in spans.iter().rev().enumerate() {
        let is_last = position == 0;
        stack.push(Row::Span { index, depth, is_last, has_children: false });
    }
}

/// The lines that lead from row to row.
#[derive(Debug, Default)]
pub(super) struct Guides {
    /// For the current row and those above it: whether it is the last below its parent.
    path: Vec<bool>,
}

impl Guides {
    /// Moves on to a row, and returns what stands in front of it.
    pub(super) fn step(&mut self, row: &Row<'_>) -> String {
        let (depth, is_last) = match *row {
            Row::Span { depth, is_last, .. } => (depth, is_last),
            Row::MissingParent { is_last, .. } | Row::Circle { is_last } => (0, is_last),
        };
        self.path.truncate(depth);
        let mut branch = self.indent();
        branch.push_str(if is_last { "└─ " } else { "├─ " });
        self.path.push(is_last);
        branch
    }

    /// What stands in front of a line that belongs to the current row.
    pub(super) fn below(&self, has_children: bool) -> String {
        let mut branch = self.indent();
        branch.push_str(if has_children { "│    " } else { "     " });
        branch
    }

    fn indent(&self) -> String {
        let mut indent = String::new();
        for is_last in self.path.iter().take(MAX_INDENT) {
            indent.push_str(if *is_last { "   " } else { "│  " });
        }
        if self.path.len() > MAX_INDENT {
            indent.push_str(&format!("[depth {}] ", self.path.len()));
        }
        indent
    }
}
