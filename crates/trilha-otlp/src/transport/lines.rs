//! Requests as lines of JSON, to standard output or a file: for development, and as lossless as the rest.
//!
//! Specification: [OTLP 1.7, JSON encoding](https://github.com/open-telemetry/opentelemetry-proto/blob/v1.7.0/docs/specification.md#json-protobuf-encoding),
//! one `ExportTraceServiceRequest` a line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    sync::Arc,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
};
use prost::Message;

use super::{Answer, Payload, Sending, Transport};
use crate::{SetupError, config::LinesTo, encode::Pieces};

/// Writes each payload as a line.
#[derive(Debug)]
pub(crate) struct LinesTransport(Output);

#[derive(Clone, Debug)]
enum Output {
    Stdout,
    File(Arc<File>),
}

impl LinesTransport {
    pub(crate) fn open(to: LinesTo) -> Result<Self, SetupError> {
        Ok(Self(match to {
            LinesTo::Stdout => Output::Stdout,
            LinesTo::File(path) => {
                let file = OpenOptions::new().create(true).append(true).open(path);
                let problem = |error| SetupError::of_option("endpoint", format!("cannot be opened: {error}"));
                Output::File(Arc::new(file.map_err(problem)?))
            }
        }))
    }

    async fn write(&self, payload: Payload) -> Answer {
        let output = self.0.clone();
        // A reader that does not read must not hold up the timers of the pipeline's thread.
        let written = tokio::task::spawn_blocking(move || {
            let line = line_of(payload.body)?;
            match payload.attempt.depart() {
                true => output.write(&line),
                false => Err(io::Error::other("the request was withdrawn")),
            }
        });
        match written.await {
            Ok(Ok(())) => Answer::Taken { rejected: 0 },
            Ok(Err(_)) | Err(_) => Answer::Nothing,
        }
    }
}

impl Transport for LinesTransport {
    fn send(&self, payload: Payload) -> Sending<'_> {
        Box::pin(self.write(payload))
    }
}

impl Output {
    /// In one piece, so that lines of others do not come in between.
    fn write(&self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(line)?;
                stdout.flush()
            }
            Self::File(file) => file.as_ref().write_all(line),
        }
    }
}

fn line_of(body: Pieces) -> io::Result<Vec<u8>> {
    let mut request = ExportTraceServiceRequest::decode(body).map_err(io::Error::other)?;
    attributes_of(&mut request).filter_map(|attribute| attribute.value.as_mut()).for_each(spell_out);
    let mut line = serde_json::to_vec(&request)?;
    line.push(b'\n');
    Ok(line)
}

fn attributes_of(request: &mut ExportTraceServiceRequest) -> impl Iterator<Item = &mut KeyValue> {
    let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
    scopes.flat_map(|scope| &mut scope.spans).flat_map(|span| {
        let of_events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
        let of_links = span.links.iter_mut().flat_map(|link| &mut link.attributes);
        span.attributes.iter_mut().chain(of_events).chain(of_links)
    })
}

/// JSON has no number that is none, and an empty value in its place makes the line unreadable to others: it is text.
fn spell_out(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::DoubleValue(number)) if !number.is_finite() => {
            let name = if number.is_nan() {
                "NaN"
            } else if *number > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            value.value = Some(Value::StringValue(name.to_owned()));
        }
        Some(Value::ArrayValue(list)) => list.values.iter_mut().for_each(spell_out),
        _ => {}
    }
}
