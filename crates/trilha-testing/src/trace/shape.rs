//! How the spans of a trace hang together: roots, children, missing parents, circles.
//!
//! Works on anything that arrives: repeated ids (children hang on the first of them), parents in
//! a circle, chains of any length. No recursion.

use std::collections::{BTreeMap, HashMap, HashSet};

use opentelemetry::trace::SpanId;

use super::Trace;

/// Indices into [`Trace::spans`].
#[derive(Debug, Default)]
pub(crate) struct Shape {
    /// Spans without a parent id, by start time.
    pub(crate) roots: Vec<usize>,
    /// For each span, the spans below it, by start time.
    pub(crate) children: Vec<Vec<usize>>,
    /// Spans whose parent has not arrived, by start time, under the id of that parent.
    pub(crate) missing: BTreeMap<[u8; 8], Vec<usize>>,
    /// One span of each circle: it is its own ancestor, so nothing above reaches it.
    pub(crate) circles: Vec<usize>,
    /// Where a span id stands; the first of them, if it is repeated.
    pub(crate) index_of: HashMap<SpanId, usize>,
}

impl Shape {
    pub(crate) fn new(trace: &Trace) -> Self {
        let spans = trace.spans();
        let mut index_of: HashMap<SpanId, usize> = HashMap::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            index_of.entry(span.span_id).or_insert(index);
        }

        let mut by_start: Vec<(usize, &super::Span)> = spans.iter().enumerate().collect();
        by_start.sort_by_key(|(_, span)| span.start);

        let mut shape = Self { children: vec![Vec::new(); spans.len()], ..Self::default() };
        for &(index, span) in &by_start {
            let Some(parent_id) = span.parent_span_id else {
                shape.roots.push(index);
                continue;
            };
            let parent = index_of.get(&parent_id);
            match parent.and_then(|&parent| shape.children.get_mut(parent)) {
                Some(children) => children.push(index),
                None => {
                    let orphans = shape.missing.entry(parent_id.to_bytes());
                    orphans.or_default().push(index);
                }
            }
        }

        let mut reached = vec![false; spans.len()];
        for &start in shape.roots.iter().chain(shape.missing.values().flatten()) {
            shape.reach(start, &mut reached);
        }
        // What is left hangs on a circle, which one meets by walking up until a span repeats.
        for &(index, _) in &by_start {
            if reached.get(index) == Some(&false) {
                let entry = circle_above(index, trace, &index_of);
                shape.circles.push(entry);
                shape.reach(entry, &mut reached);
            }
        }
        shape.index_of = index_of;
        shape
    }

    /// Marks a span and all below it.
    fn reach(&self, start: usize, reached: &mut [bool]) {
        let mut stack = vec![start];
        while let Some(index) = stack.pop() {
            match reached.get_mut(index) {
                Some(mark) if !*mark => *mark = true,
                _ => continue,
            }
            stack.extend(self.children.get(index).into_iter().flatten());
        }
    }
}

/// A member of the circle that the parents of `index` end in.
fn circle_above(index: usize, trace: &Trace, index_of: &HashMap<SpanId, usize>) -> usize {
    let mut seen = HashSet::new();
    let mut at = index;
    loop {
        if !seen.insert(at) {
            return at;
        }
        let parent_id = trace.spans().get(at).and_then(|span| span.parent_span_id);
        match parent_id.and_then(|id| index_of.get(&id)) {
            Some(&parent) => at = parent,
            None => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::sample;

    #[test]
    fn roots_and_orphans_are_told_apart() {
        let shape = Shape::new(&sample::trace(&[(1, None), (2, Some(1)), (4, Some(3))]));
        assert_eq!(shape.roots, [0]);
        assert_eq!(shape.children[0], [1]);
        assert_eq!(shape.missing.into_values().collect::<Vec<_>>(), [[2]]);
        assert!(shape.circles.is_empty());
    }

    #[test]
    fn a_circle_is_entered_once_and_at_a_member() {
        // 4 hangs on the circle 2 → 3 → 2 and starts before it.
        let spans = [(1, None), (4, Some(9)), (9, Some(3)), (2, Some(3)), (3, Some(2))];
        let shape = Shape::new(&sample::trace(&spans));
        assert_eq!(shape.circles.len(), 1);
        assert!([3, 4].contains(&shape.circles[0]), "{shape:?}");
    }

    #[test]
    fn children_of_a_repeated_id_hang_on_the_first() {
        let shape = Shape::new(&sample::trace(&[(1, None), (1, None), (2, Some(1))]));
        assert_eq!(shape.children[0], [2]);
        assert!(shape.children[1].is_empty());
    }

    #[test]
    fn a_long_chain_does_not_overflow_the_stack() {
        let spans: Vec<_> = (1..=100_000).map(|id| (id, (id > 1).then(|| id - 1))).collect();
        assert!(sample::trace(&spans).is_whole());
    }

    proptest::proptest! {
        #[test]
        fn every_span_is_reached_exactly_once(
            spans in proptest::collection::vec((1u64..12, proptest::option::of(1u64..12)), 0..24)
        ) {
            let trace = sample::trace(&spans);
            let shape = Shape::new(&trace);
            let mut reached = vec![false; spans.len()];
            let starts = shape.roots.iter().chain(shape.missing.values().flatten());
            for &start in starts.chain(&shape.circles) {
                proptest::prop_assert!(!reached[start]);
                shape.reach(start, &mut reached);
            }
            proptest::prop_assert!(reached.iter().all(|mark| *mark));
        }
    }
}
