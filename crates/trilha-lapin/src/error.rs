//! How a call's error is named in `error.type`: by its kind or AMQP code, never by its message.

use std::borrow::Cow;

use lapin::{Error, ErrorKind, protocol::AMQPErrorKind};
use trilha_core::{Operation, Outcome};

/// Ends `operation` as the call that it stands for ended.
pub(crate) fn finish(operation: Operation, error: Option<&Error>) {
    match error {
        None => operation.finish(Outcome::Ok),
        Some(error) => operation.finish(Outcome::Error(&error_type(error.kind()))),
    }
}

fn error_type(kind: &ErrorKind) -> Cow<'static, str> {
    let name = match kind {
        ErrorKind::ProtocolError(error) => {
            return match error.kind() {
                AMQPErrorKind::Soft(code) => code.to_string().into(),
                AMQPErrorKind::Hard(code) => code.to_string().into(),
            };
        }
        ErrorKind::ChannelsLimitReached => "ChannelsLimitReached",
        ErrorKind::InvalidProtocolVersion(_) => "InvalidProtocolVersion",
        ErrorKind::InvalidChannel(_) => "InvalidChannel",
        ErrorKind::InvalidChannelState(..) => "InvalidChannelState",
        ErrorKind::InvalidConnectionState(_) => "InvalidConnectionState",
        ErrorKind::IOError(_) => "IOError",
        ErrorKind::RuntimeShutdownError(_) => "RuntimeShutdownError",
        ErrorKind::ParsingError(_) => "ParsingError",
        ErrorKind::SerialisationError(_) => "SerialisationError",
        ErrorKind::AuthProviderError(_) => "AuthProviderError",
        ErrorKind::MissingHeartbeatError => "MissingHeartbeatError",
        _ => "_OTHER",
    };
    name.into()
}

#[cfg(test)]
mod tests {
    use lapin::protocol::{AMQPError, AMQPSoftError};

    use super::*;

    #[test]
    fn an_error_is_named_by_its_code() {
        let error = AMQPError::new(AMQPSoftError::NOTFOUND.into(), "no queue 'ana@example.com'".into());
        assert_eq!(error_type(&ErrorKind::ProtocolError(error)), "NOT-FOUND");
        assert_eq!(error_type(&ErrorKind::InvalidChannel(1)), "InvalidChannel");
    }
}
