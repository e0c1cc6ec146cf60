//! Level and target of events: written once for each place in the code, and copied from then on.

use trilha_core::recorder::{Origin, PerOrigin};

use super::{attribute::put_attributes, field::event};

/// The attributes of `origin` as they stand in an event. None where too many others are known already.
#[inline]
pub(crate) fn attributes_of(origin: Origin) -> Option<&'static [u8]> {
    static WRITTEN: PerOrigin<Box<[u8]>> = PerOrigin::new();
    let known = WRITTEN.get(origin).or_else(|| {
        let mut written = Vec::new();
        put_attributes(&mut written, event::ATTRIBUTES, &origin.attributes(), usize::MAX, usize::MAX);
        WRITTEN.keep(origin, written.into());
        WRITTEN.get(origin)
    });
    known.map(|written| &**written)
}
