//! The bytes of a span, and room behind them. What they mean is not known here.

use std::ops::Range;

/// Bytes, one after the other. Behind them is room that is there already, so that what is short is written without a
/// look at how much memory there is.
#[derive(Debug, Default)]
pub(super) struct Bytes {
    /// Those that are written, and the room.
    all: Vec<u8>,
    len: usize,
}

/// How much room there is when something long was written.
const ROOM: usize = 512;

impl Bytes {
    /// Forgets all, and sees to it that there is so much room at least.
    #[inline]
    pub(super) fn begin(&mut self, room: usize) {
        self.len = 0;
        if self.all.len() < room {
            self.all.resize(room, 0);
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.all.get(..self.len).unwrap_or_default()
    }

    pub(super) fn capacity(&self) -> usize {
        self.all.capacity()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Adds so many bytes, and returns them to be written. None where there is no room.
    #[inline(always)]
    pub(super) fn add(&mut self, len: usize) -> Option<&mut [u8]> {
        let added = self.all.get_mut(self.len..self.len + len)?;
        self.len += len;
        Some(added)
    }

    /// As [`add`](Self::add), of no more than `ROOM` bytes, with room up to there: what is written behind them is written
    /// over.
    #[inline(always)]
    pub(super) fn add_with_room<const ROOM: usize>(&mut self, len: usize) -> Option<&mut [u8; ROOM]> {
        let room = self.all.get_mut(self.len..self.len + ROOM)?.first_chunk_mut()?;
        self.len += len;
        Some(room)
    }

    /// Adds so many bytes, which `write` writes.
    #[inline(always)]
    pub(super) fn put(&mut self, len: usize, write: impl FnOnce(&mut [u8])) {
        if self.all.len() - self.len < len {
            self.all.resize(self.len + len + ROOM, 0);
        }
        self.add(len).map(write);
    }

    /// Adds what `write` appends, however long it is.
    #[inline]
    pub(super) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.all.truncate(self.len);
        write(&mut self.all);
        self.len = self.all.len();
        self.all.resize(self.len + ROOM, 0);
    }

    /// Cuts some out; what stood behind them moves up.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        self.len -= range.len();
        self.all.drain(range);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_the_same_however_they_were_added() {
        let mut bytes = Bytes::default();
        bytes.begin(8);
        bytes.add(8).unwrap().copy_from_slice(b"all room");
        assert!(bytes.add(1).is_none());
        bytes.put(4, |place| place.copy_from_slice(b", an"));
        bytes.append(|out| out.extend_from_slice(b"d more"));
        assert_eq!(bytes.as_slice(), b"all room, and more");
        bytes.remove(3..8);
        bytes.add(1).unwrap().fill(b'!');
        assert_eq!(bytes.as_slice(), b"all, and more!");
        bytes.truncate(3);
        bytes.append(|out| out.push(b'.'));
        assert_eq!((bytes.as_slice(), bytes.len()), (b"all.".as_slice(), 4));
        bytes.begin(0);
        assert_eq!(bytes.as_slice(), b"");
    }
}
