//! The template of a URL, which only the caller knows.

use std::borrow::Cow;

/// The template of a request's path, such as `/orders/{id}`: put it in the request's extensions, and it
/// stands in the span's name and as `url.template` on span and metric.
///
/// - **Cardinality:** one per kind of request; never the path itself.
/// - **PII:** none, as long as it holds no values.
///
/// ```
/// use trilha_tower::UrlTemplate;
///
/// let request = http::Request::get("http://orders.internal/orders/42")
///     .extension(UrlTemplate::new("/orders/{id}"))
///     .body(())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UrlTemplate(Cow<'static, str>);

impl UrlTemplate {
    /// A template.
    pub fn new(template: impl Into<Cow<'static, str>>) -> Self {
        Self(template.into())
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
