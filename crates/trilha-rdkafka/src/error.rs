//! How a call's error is named in `error.type`: by its code, never by its message.

use std::borrow::Cow;

use rdkafka::error::KafkaError;
use trilha_core::{Operation, Outcome};

/// Ends `operation` as the call that it stands for ended.
pub(crate) fn finish(operation: Operation, error: Option<&KafkaError>) {
    match error {
        None => operation.finish(Outcome::Ok),
        Some(error) => operation.finish(Outcome::Error(&error_type(error))),
    }
}

fn error_type(error: &KafkaError) -> Cow<'static, str> {
    match error {
        KafkaError::Canceled => "Canceled".into(),
        KafkaError::Nul(_) => "Nul".into(),
        _ => match error.rdkafka_error_code() {
            Some(code) => format!("{code:?}").into(),
            None => "_OTHER".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::error::RDKafkaErrorCode;

    use super::*;

    #[test]
    fn an_error_is_named_by_its_code() {
        let error = KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull);
        assert_eq!(error_type(&error), "QueueFull");
        assert_eq!(error_type(&KafkaError::Seek("of ana@example.com".into())), "_OTHER");
    }
}
