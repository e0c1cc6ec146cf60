//! The program, between a client that writes its header lines as they are and a server that it calls.

use std::{env, net::SocketAddr, process::Stdio};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdout, Command},
    sync::mpsc,
};

/// The program as it runs. Dropped, it is killed.
pub(crate) struct Service {
    process: Child,
    output: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    callee: SocketAddr,
    heard: mpsc::UnboundedReceiver<Call>,
}

impl Service {
    /// Starts it where nobody receives its telemetry.
    pub(crate) async fn start() -> Self {
        Self::sending_to("http://127.0.0.1:1").await
    }

    /// Starts it with an OTLP endpoint.
    pub(crate) async fn sending_to(endpoint: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_w3c-service"));
        // What this shell says of telemetry is not for it.
        for (name, _) in env::vars_os() {
            if ["OTEL_", "TRILHA_", "RUST_LOG"].iter().any(|own| name.to_string_lossy().starts_with(own)) {
                command.env_remove(name);
            }
        }
        command.args(["--port", "0"]).env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint);
        let mut process = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = output.next_line().await.unwrap().unwrap();
        let address = first.strip_prefix("serving on http://").unwrap().strip_suffix('/').unwrap();
        let (callee, heard) = listen().await;
        Self { address: address.parse().unwrap(), process, output, callee, heard }
    }

    /// The one call that a request with these header lines leads to.
    pub(crate) async fn call(&mut self, lines: &[&str]) -> Call {
        self.calls(lines, 1).await.remove(0)
    }

    /// The calls that a request with these header lines leads to.
    pub(crate) async fn calls(&mut self, lines: &[&str], count: usize) -> Vec<Call> {
        let calls = vec![json!({ "url": self.callee_url(), "arguments": [] }); count];
        let status = self.post("/some/path", lines, &calls.into()).await;
        assert_eq!(status, 200, "{lines:?}");
        (0..count).map(|_| self.heard()).collect()
    }

    /// The next call that it made: all are made before the request is answered.
    pub(crate) fn heard(&mut self) -> Call {
        self.heard.try_recv().unwrap()
    }

    /// Where calls are heard.
    pub(crate) fn callee_url(&self) -> String {
        format!("http://{}/", self.callee)
    }

    /// Posts a list of calls, and returns the status of the answer.
    pub(crate) async fn post(&self, path: &str, lines: &[&str], calls: &Value) -> u16 {
        let (body, mut head) = (calls.to_string(), format!("POST {path} HTTP/1.1\r\n"));
        for line in lines {
            head += &format!("{line}\r\n");
        }
        head += &format!("Host: service\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        let request = format!("{head}Content-Type: application/json\r\n\r\n{body}");
        let mut connection = TcpStream::connect(self.address).await.unwrap();
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await.unwrap();
        answer.strip_prefix("HTTP/1.1 ").unwrap()[..3].parse().unwrap()
    }

    /// Stops it as Ctrl-C does; returns what else it wrote, and whether it succeeded.
    pub(crate) async fn interrupt(mut self) -> (Vec<String>, bool) {
        let pid = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-s", "INT", &pid]).status().await.unwrap().success());
        let mut lines = Vec::new();
        while let Some(line) = self.output.next_line().await.unwrap() {
            lines.push(line);
        }
        (lines, self.process.wait().await.unwrap().success())
    }
}

/// A server that hands on what it hears.
async fn listen() -> (SocketAddr, mpsc::UnboundedReceiver<Call>) {
    let (hear, heard) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(async move |headers: HeaderMap, body: String| {
        let _ = hear.send(Call { headers, body });
        StatusCode::OK
    });
    tokio::spawn(async { axum::serve(listener, app).await });
    (address, heard)
}

/// A call that the program made.
#[derive(Debug)]
pub(crate) struct Call {
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Call {
    /// The parts of its one, valid `traceparent`.
    #[track_caller]
    pub(crate) fn traceparent(&self) -> Traceparent {
        let [value] = self.values("traceparent")[..] else { panic!("{self:?} has not one traceparent") };
        let parts: Vec<_> = value.split('-').collect();
        let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let is_zero = |part: &str| part.bytes().all(|byte| byte == b'0');
        let [version, trace_id, parent_id, flags] = parts[..] else { panic!("{value}") };
        assert_eq!((version, trace_id.len(), parent_id.len(), flags.len()), ("00", 32, 16, 2), "{value}");
        assert!(parts.iter().all(|part| is_hex(part)), "{value}");
        assert!(!is_zero(trace_id) && !is_zero(parent_id), "{value}");
        Traceparent {
            trace_id: trace_id.to_owned(),
            parent_id: parent_id.to_owned(),
            flags: u8::from_str_radix(flags, 16).unwrap(),
        }
    }

    /// Its `tracestate`, if it has one; two are refused.
    #[track_caller]
    pub(crate) fn tracestate(&self) -> Option<&str> {
        match self.values("tracestate")[..] {
            [] => None,
            [value] => Some(value),
            _ => panic!("{self:?} has several tracestates"),
        }
    }

    fn values(&self, name: &str) -> Vec<&str> {
        self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
    }
}

/// What a `traceparent` says.
#[derive(Debug)]
pub(crate) struct Traceparent {
    pub(crate) trace_id: String,
    pub(crate) parent_id: String,
    pub(crate) flags: u8,
}
