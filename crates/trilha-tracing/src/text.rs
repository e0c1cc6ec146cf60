//! Text that is needed for a moment, in memory that each thread keeps for the next one.

use std::{
    cell::RefCell,
    fmt::{self, Write},
    mem,
    ops::Deref,
};

/// What a thread keeps at most: as many as are needed at the same time, and none that one huge text has left.
const MOST: usize = 16;
const LARGEST: usize = 16 * 1_024;

thread_local! {
    static SPARE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Of what foreign code writes, so much is taken: a form may have no end. The guard cuts long before.
const MOST_WRITTEN: usize = 1 << 20;

/// A text of which the memory is used again. It is taken out, and not borrowed: foreign code that writes it may
/// need one too.
#[derive(Debug)]
pub(crate) struct Text(String);

impl Text {
    pub(crate) fn written(write: impl FnOnce(&mut Bounded<'_>) -> fmt::Result) -> Self {
        let spare = SPARE.try_with(|spare| spare.borrow_mut().pop());
        let mut text = Self(spare.ok().flatten().unwrap_or_default());
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
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            if spare.len() < MOST {
                spare.push(text);
            }
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
            assert!(SPARE.with_borrow(|spare| spare.iter().all(|text| text.capacity() <= LARGEST)));
        })
        .join()
        .unwrap();
    }
}
