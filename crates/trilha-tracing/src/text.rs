//! Text that is needed for a moment, in memory that each thread keeps for the next one.

use std::{
    cell::Cell,
    fmt::{self, Write},
    mem,
    ops::Deref,
};

/// A thread keeps none that one huge text has left.
const LARGEST: usize = 16 * 1_024;

thread_local! {
    /// As many as are needed at the same time: that of an event's message, and that of one of its fields.
    static SPARE: [Cell<String>; 2] = const { [const { Cell::new(String::new()) }; 2] };
}

/// Of what foreign code writes, so much is taken: a form may have no end. The guard cuts long before.
const MOST_WRITTEN: usize = 1 << 20;

/// A text of which the memory is used again. It is taken out, and not borrowed: foreign code that writes it may
/// need one too.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn written(write: impl FnOnce(&mut Bounded<'_>) -> fmt::Result) -> Self {
        let spare = SPARE.try_with(|[first, second]| match first.take() {
            none if none.capacity() == 0 => second.take(),
            spare => spare,
        });
        let mut text = Self(spare.unwrap_or_default());
        // What could not be written to its end ends there.
        let _ = write(&mut Bounded(&mut text.0));
        text
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::written(|out| out.write_str(text))
    }
}

/// Refuses what is more than a text may hold.
pub(crate) struct Bounded<'t>(&'t mut String);

impl fmt::Write for Bounded<'_> {
    #[inline]
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = MOST_WRITTEN.saturating_sub(self.0.len());
        if part.len() <= room {
            self.0.push_str(part);
            return Ok(());
        }
        self.0.push_str(part.get(..part.floor_char_boundary(room)).unwrap_or_default());
        Err(fmt::Error)
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        let mut text = mem::take(&mut self.0);
        if !(1..=LARGEST).contains(&text.capacity()) {
            return;
        }
        text.clear();
        // At the end of a thread it is freed.
        let _ = SPARE.try_with(|[first, second]| match first.replace(text) {
            none if none.capacity() == 0 => {}
            other => second.set(other),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_without_end_is_cut() {
        struct Endless;
        impl fmt::Display for Endless {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                std::iter::repeat("endless ação ").try_for_each(|part| f.write_str(part))
            }
        }
        let text = Text::written(|out| write!(out, "{Endless}"));
        assert!((MOST_WRITTEN - 1..=MOST_WRITTEN).contains(&text.len()), "{}", text.len());
    }

    #[test]
    fn memory_is_used_again_and_that_of_a_huge_text_is_freed() {
        std::thread::spawn(|| {
            let first = Text::from("first");
            let memory = first.as_ptr();
            drop(first);
            let second = Text::written(|out| {
                // As foreign code may, while it writes.
                assert_ne!(Text::from("inner").as_ptr(), memory);
                out.write_str("2nd")?;
                Err(fmt::Error)
            });
            assert_eq!((&*second, second.as_ptr()), ("2nd", memory));
            drop(Text::from(&*"x".repeat(LARGEST + 1)));
            assert!(SPARE.with(|spare| spare.iter().all(|text| text.take().capacity() <= LARGEST)));
        })
        .join()
        .unwrap();
    }
}
