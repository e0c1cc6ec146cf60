//! Openings of spans: each is written once, and copied from then on.

use trilha_core::recorder::{Opening, Per};

use super::{Limits, SpanBuffer};

/// An opening as it stands in a span.
#[derive(Debug)]
struct Opened {
    /// With nothing else, and without a head.
    span: SpanBuffer,
    /// The bytes of its longest value.
    longest: usize,
}

impl SpanBuffer {
    /// Sets the name and the first attributes of a span of which nothing was said yet.
    pub(crate) fn open(&mut self, opening: &Opening) {
        match opened(opening).filter(|opened| self.has_room_for_all_of(opened)) {
            Some(Opened { span, .. }) => {
                self.name = self.head_len..self.head_len + span.name.len();
                let written = span.bytes.as_slice();
                self.bytes.put(written.len(), |place| place.copy_from_slice(written));
                (self.attributes, self.seen) = (span.attributes, span.seen);
            }
            None => self.say(opening),
        }
    }

    fn has_room_for_all_of(&self, Opened { span, longest }: &Opened) -> bool {
        self.bytes.len() == self.head_len
            && span.dropped.attributes == 0
            && span.bytes.len() <= self.room()
            && span.attributes <= self.limits.attributes
            && *longest <= self.limits.value_chars
    }

    /// As [`open`](Self::open), one by one.
    fn say(&mut self, opening: &Opening) {
        self.set_name(opening.name());
        opening.texts().for_each(|(key, text)| self.set_text(key, text));
    }
}

/// None where too many others are known already.
#[inline]
fn opened(opening: &Opening) -> Option<&'static Opened> {
    static OPENED: Per<Opening, Box<Opened>> = Per::new();
    let known = OPENED.get(opening).or_else(|| {
        OPENED.keep(opening, Box::new(Opened::new(opening)));
        OPENED.get(opening)
    });
    known.map(|opened| &**opened)
}

impl Opened {
    fn new(opening: &Opening) -> Self {
        let limits = Limits { attributes: usize::MAX, value_chars: usize::MAX, ..Limits::default() };
        let mut span = SpanBuffer { limits, most_bytes: usize::MAX, ..SpanBuffer::empty() };
        span.say(opening);
        let longest = opening.texts().map(|(_, text)| text.len()).max().unwrap_or_default();
        Self { span, longest }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::{btree_map, vec},
        prelude::*,
        sample::select,
    };
    use trilha_core::{SpanKind, TraceContext, recorder::Value};

    use super::*;
    use crate::record::head::Head;

    fn begun(limits: Limits) -> SpanBuffer {
        let (context, kind) = (TraceContext::of_child(None, |_| true), &SpanKind::Server);
        let head = Head { context: &context, parent: None, is_parent_remote: false, kind, start_nanos: 0 };
        let mut buffer = SpanBuffer::empty();
        buffer.begin(head, limits);
        buffer
    }

    type Texts = [(&'static str, String)];

    fn set_all(buffer: &mut SpanBuffer, texts: &Texts) {
        texts.iter().for_each(|(key, text)| buffer.set_attribute((key, Value::Str(text))));
    }

    fn texts(
        keys: &'static [&'static str],
        most: usize,
    ) -> impl Strategy<Value = Vec<(&'static str, String)>> {
        vec((select(keys), "[a-zç]{0,30}"), 0..=most)
    }

    proptest! {
        #[test]
        fn what_is_copied_is_what_would_be_written(
            name in "[a-z ]{0,40}",
            before in texts(&["a", "early"], 1),
            first in btree_map(select(&["", "a", "http.route", "url.scheme", "long"][..]), "[a-zç]{0,30}", 0..=4),
            later in texts(&["a", "http.route", "route"], 3),
            name_later in proptest::option::of("[a-z]{1,9}"),
            (attributes, value_chars) in (0usize..6, 0usize..40),
            span_bytes in select(&[16 * 1024, 150][..]),
        ) {
            let limits = Limits { attributes, value_chars, span_bytes, ..Limits::default() };
            let opening = Opening::new(&name, first.iter().map(|(key, text)| (*key, text.as_str())));
            let written = |open: fn(&mut SpanBuffer, &Opening)| {
                let mut buffer = begun(limits);
                set_all(&mut buffer, &before);
                open(&mut buffer, &opening);
                set_all(&mut buffer, &later);
                name_later.iter().for_each(|name| buffer.set_name(name));
                buffer.finish(1);
                buffer.bytes.as_slice()[buffer.head_len..].to_vec()
            };
            let said = written(SpanBuffer::say);
            prop_assert_eq!(written(SpanBuffer::open), said);
        }
    }
}
