//! The set-up of a client whose redirects are judged.

use reqwest::redirect::Policy;

use crate::{Client, redirect};

/// A [`Client`] that is set up; made by [`Client::builder`].
#[derive(Debug)]
#[must_use = "a client is made with `build`"]
pub struct ClientBuilder {
    inner: reqwest::ClientBuilder,
    policy: Policy,
}

impl ClientBuilder {
    pub(crate) fn new(inner: reqwest::ClientBuilder) -> Self {
        Self { inner, policy: Policy::default() }
    }

    /// Which redirects are followed; in the place of the policy that was set on reqwest's builder, which it
    /// does not tell. Defaults to [`Policy::default`]: ten.
    pub fn redirect(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// The client.
    ///
    /// # Errors
    /// Those of [`reqwest::ClientBuilder::build`].
    pub fn build(self) -> reqwest::Result<Client> {
        Ok(Client::judged(self.inner.redirect(redirect::judged(self.policy)).build()?))
    }
}
