//! A pipeline in front of a receiver, and a receiver that is none.

#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "only tests call this")]

pub(crate) mod proxy;
pub(crate) mod tls;

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use opentelemetry::KeyValue;
use trilha_core::{Handle, Operation, Outcome, Scope, SpanCounts, SpanKind};
use trilha_otlp::{Endpoint, Pipeline, PipelineConfig};
use trilha_testing::Receiver;

pub(crate) const SCOPE: Scope = Scope::new("test-scope", "1.2.3");

/// Long enough for anything that does happen.
pub(crate) const ENOUGH: Duration = Duration::from_secs(20);

/// The two ways to send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    Http,
    Grpc,
}

pub(crate) const BOTH: [Protocol; 2] = [Protocol::Http, Protocol::Grpc];

impl Protocol {
    pub(crate) fn endpoint(self, receiver: &Receiver) -> Endpoint {
        self.at(self.address(receiver))
    }

    pub(crate) fn address(self, receiver: &Receiver) -> SocketAddr {
        match self {
            Self::Http => receiver.http_addr(),
            Self::Grpc => receiver.grpc_addr(),
        }
    }

    pub(crate) fn at(self, address: SocketAddr) -> Endpoint {
        self.to("http", address)
    }

    pub(crate) fn tls_at(self, address: SocketAddr) -> Endpoint {
        self.to("https", address)
    }

    fn to(self, scheme: &str, address: SocketAddr) -> Endpoint {
        match self {
            Self::Http => Endpoint::http(format!("{scheme}://{address}/v1/traces")),
            Self::Grpc => Endpoint::grpc(format!("{scheme}://{address}")),
        }
    }
}

pub(crate) fn config(endpoint: Endpoint) -> PipelineConfig {
    PipelineConfig::new(endpoint).resource([KeyValue::new("service.name", "pipeline-test")])
}

pub(crate) fn start(endpoint: Endpoint) -> (Pipeline, Handle) {
    let pipeline = Pipeline::start(config(endpoint)).unwrap();
    let handle = Handle::builder(pipeline.recorder()).build();
    (pipeline, handle)
}

pub(crate) fn spans(handle: &Handle, count: usize) {
    for number in 0..count {
        let name = format!("span {number}");
        let operation =
            Operation::builder(&SCOPE, &name, SpanKind::Internal).handle(handle.clone()).root().start();
        operation.finish(Outcome::Ok);
    }
}

/// What must be true at any time: the sum, and what the receiver has against what we say of it.
#[track_caller]
pub(crate) fn assert_honest(counts: &SpanCounts, receiver: &Receiver) {
    assert_adds_up(counts);
    let distinct = receiver.received().spans;
    assert!(counts.delivered <= distinct, "{counts:?}, received {distinct}");
    assert!(distinct <= counts.delivered + counts.unacknowledged, "{counts:?}, received {distinct}");
}

#[track_caller]
pub(crate) fn assert_adds_up(counts: &SpanCounts) {
    let ended =
        counts.delivered + counts.dropped.total() + counts.queued + counts.in_flight + counts.unacknowledged;
    assert_eq!(counts.created, ended + counts.open, "{counts:?}");
    assert!(counts.overdue <= counts.open, "{counts:?}");
}

/// Accepts connections, in the system's backlog, and never reads nor answers.
pub(crate) struct BlackHole(TcpListener);

impl BlackHole {
    pub(crate) fn open() -> Self {
        Self(TcpListener::bind(("127.0.0.1", 0)).unwrap())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

/// An address at which nobody listens.
pub(crate) fn dead_address() -> SocketAddr {
    BlackHole::open().address()
}

/// Stands between a sender and a receiver, as a firewall does that may forget connections.
pub(crate) struct Gate {
    address: SocketAddr,
    forgotten: Arc<AtomicUsize>,
}

impl Gate {
    pub(crate) fn before(receiver: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let forgotten = Arc::new(AtomicUsize::new(0));
        let now = Arc::clone(&forgotten);
        thread::spawn(move || {
            for near in listener.incoming() {
                let (near, far) = (near.unwrap(), TcpStream::connect(receiver).unwrap());
                let ways = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
                for (from, to) in ways {
                    let (now, then) = (Arc::clone(&now), now.load(SeqCst));
                    thread::spawn(move || forward(from, to, || now.load(SeqCst) == then));
                }
            }
        });
        Self { address, forgotten }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on nothing passes over the connections that there are, and nobody is told.
    pub(crate) fn forget(&self) {
        self.forgotten.fetch_add(1, SeqCst);
    }
}

fn forward(mut from: TcpStream, mut to: TcpStream, is_known: impl Fn() -> bool) {
    let mut buffer = [0; 16 * 1_024];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        if is_known() && to.write_all(buffer.get(..count).unwrap_or_default()).is_err() {
            return;
        }
    }
    if !is_known() {
        loop {
            thread::park(); // keeps both ends open
        }
    }
}

/// Answers the first request with these bytes, and closes.
pub(crate) fn answer_once(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // Head and body may come apart: the body is the end.
        let mut request = Vec::new();
        while !request.ends_with(END_OF_REQUEST) {
            let mut buffer = [0; 1_024];
            let count = stream.read(&mut buffer).unwrap();
            request.extend_from_slice(buffer.get(..count).unwrap_or_default());
        }
        stream.write_all(answer).unwrap();
    });
    address
}

/// The last bytes of a request whose last span has the status `Error` without a message.
const END_OF_REQUEST: &[u8] = &[0x7a, 2, 0x18, 2];
