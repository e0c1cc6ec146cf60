//! Correlation ids: `x-correlation-id`, `x-request-id` and the message property `correlation_id`.

use trilha_core::schema::Key;

use super::{Fields, Section, open};

pub(super) fn explain(fields: &Fields) -> Option<Section> {
    let (headers, mut section) = ["x-correlation-id", "x-request-id", "correlation_id"]
        .into_iter()
        .find_map(|name| open(fields, name))?;
    for header in &headers {
        section.row("id", &header.value);
        let text = String::from_utf8_lossy(&header.value);
        if let Err(broken) = Key::CorrelationId.definition().check(&text) {
            section.problem_at(format!("the schema's rule: {broken}"), &header.value, 0..header.value.len());
        }
    }
    if headers.len() > 1 {
        section.problem("there is more than one: nobody can tell which one is meant");
    }
    Some(section)
}
