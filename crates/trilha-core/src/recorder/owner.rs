//! Whose a span is: the handle that records it, and the context attributes that it takes along.

use crate::{ContextAttributes, Handle};

/// The handle of a span and its context attributes: clones count one reference for both, as nearly always the handle is
/// that of the attributes.
#[derive(Clone, Debug)]
pub(crate) struct Owner {
    attributes: ContextAttributes,
    /// Another handle than theirs: that of a service which works for the work of another one.
    other: Option<Handle>,
}

impl Owner {
    pub(crate) fn new(attributes: ContextAttributes, handle: &Handle) -> Self {
        let is_other = !attributes.handle().is_same(handle);
        Self { other: is_other.then(|| handle.clone()), attributes }
    }

    #[inline]
    pub(crate) fn handle(&self) -> &Handle {
        self.other.as_ref().unwrap_or_else(|| self.attributes.handle())
    }

    #[inline]
    pub(crate) fn attributes(&self) -> &ContextAttributes {
        &self.attributes
    }
}

impl From<ContextAttributes> for Owner {
    fn from(attributes: ContextAttributes) -> Self {
        Self { attributes, other: None }
    }
}
