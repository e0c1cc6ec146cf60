//! Lines of any bytes, read one by one. What they hold is nothing to this module.

use std::io::{self, BufRead, Read};

/// A line of the input.
pub(super) struct Line {
    /// It, without its end. Empty if it is too long.
    pub(super) text: Vec<u8>,
    /// How it ends: the last one may not.
    pub(super) end: &'static str,
    pub(super) is_too_long: bool,
}

impl Line {
    /// The longest line that is read, in bytes.
    const LONGEST: usize = 1 << 20;

    /// The next line; `None` at the end of the input.
    pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Self>> {
        let mut text = Vec::new();
        // Two more, for its end.
        let most = Self::LONGEST + 2;
        input.by_ref().take(most as u64).read_until(b'\n', &mut text)?;
        if text.is_empty() {
            return Ok(None);
        }
        let end = match text.as_slice() {
            [.., b'\r', b'\n'] => "\r\n",
            [.., b'\n'] => "\n",
            _ => "",
        };
        let is_read_on = end.is_empty() && text.len() == most;
        text.truncate(text.len() - end.len());
        if text.len() <= Self::LONGEST {
            return Ok(Some(Self { text, end, is_too_long: false }));
        }
        if is_read_on {
            input.skip_until(b'\n')?;
        }
        Ok(Some(Self { text: Vec::new(), end: "\n", is_too_long: true }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut input: &[u8]) -> Vec<(Vec<u8>, &'static str, bool)> {
        let next = || Line::read(&mut input).unwrap().map(|line| (line.text, line.end, line.is_too_long));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn each_line_keeps_its_end() {
        let expected = [("a", "\n"), ("", "\n"), ("b\rc", "\r\n"), ("", "\r\n"), ("d\r", "")];
        let expected = expected.map(|(text, end)| (text.as_bytes().to_vec(), end, false));
        assert_eq!(lines(b"a\n\nb\rc\r\n\r\nd\r"), expected);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_line_that_is_too_long_is_one_line() {
        let longest = vec![b'x'; Line::LONGEST];
        let too_long = (Vec::new(), "\n", true);
        for end in ["", "\n", "\r\n"] {
            let next = if end.is_empty() { "" } else { "y" };
            let of = |text: &[u8]| lines(&[text, end.as_bytes(), next.as_bytes()].concat());
            assert_eq!(of(&longest).first(), Some(&(longest.clone(), end, false)));
            for more in 1..=3 {
                let read = of(&[longest.as_slice(), &b"xxx"[..more]].concat());
                assert_eq!(read.first(), Some(&too_long), "{more} {end:?}");
                assert_eq!(read.len(), 1 + next.len(), "{more} {end:?}");
            }
        }
    }
}
