//! TLS to the receiver: who is believed, and what becomes of spans where nobody is.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::{env, fs, process::Command, time::Duration};

use support::{
    BOTH, ENOUGH, Protocol, assert_honest, config, spans, start,
    tls::{Authority, TlsFront, server},
};
use trilha_core::{Handle, SpanCounts};
use trilha_otlp::{Endpoint, Pipeline, Tls};
use trilha_testing::Receiver;

const HERE: &str = "127.0.0.1";

fn front(
    protocol: Protocol,
    receiver: &Receiver,
    config: std::sync::Arc<tokio_rustls::rustls::ServerConfig>,
) -> TlsFront {
    TlsFront::before(protocol.address(receiver), config)
}

/// The counts after some spans, with a bound on how long they are tried.
fn after_three_spans(endpoint: Endpoint) -> SpanCounts {
    let pipeline = Pipeline::start(config(endpoint).retry_for(Duration::from_millis(1))).unwrap();
    spans(&Handle::builder(pipeline.recorder()).build(), 3);
    let report = pipeline.flush_blocking(ENOUGH);
    assert!(report.is_complete);
    report.counts
}

#[test]
fn spans_arrive_over_tls() {
    let authority = Authority::new();
    for protocol in BOTH {
        let receiver = Receiver::start();
        let front = front(protocol, &receiver, server(&authority.identity_of(HERE), None));
        let endpoint = protocol.tls_at(front.address()).tls(Tls::new().roots(authority.pem()));
        let counts = after_three_spans(endpoint);
        assert_eq!(counts.delivered, 3, "{protocol:?}");
        assert_honest(&counts, &receiver);
    }
}

/// Tried in a child, this test again: where the system's roots are is said by a variable.
#[test]
fn the_systems_roots_are_believed_where_no_others_are_given() {
    const NAME: &str = "the_systems_roots_are_believed_where_no_others_are_given";
    const ADDRESSES: &str = "TRILHA_TEST_TLS_ADDRESSES";
    if let Ok(addresses) = env::var(ADDRESSES) {
        for (protocol, address) in BOTH.into_iter().zip(addresses.split(' ')) {
            let counts = after_three_spans(protocol.tls_at(address.parse().unwrap()));
            assert_eq!(counts.delivered, 3, "{protocol:?}");
        }
        return;
    }

    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    fs::write(&roots, authority.pem()).unwrap();
    let receivers = BOTH.map(|_| Receiver::start());
    let fronts: Vec<_> = (BOTH.into_iter().zip(&receivers))
        .map(|(protocol, receiver)| front(protocol, receiver, server(&authority.identity_of(HERE), None)))
        .collect();
    let addresses: Vec<_> = fronts.iter().map(|front| front.address().to_string()).collect();
    let child = Command::new(env::current_exe().unwrap())
        .args([NAME, "--exact"])
        .env(ADDRESSES, addresses.join(" "))
        .env("SSL_CERT_FILE", roots)
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
    for receiver in receivers {
        assert_eq!(receiver.received().spans, 3);
    }
}

#[test]
fn a_receiver_that_nobody_vouches_for_gets_nothing() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for protocol in BOTH {
        for identity in [stranger.identity_of(HERE), authority.identity_of("elsewhere.example")] {
            let receiver = Receiver::start();
            let front = front(protocol, &receiver, server(&identity, None));
            let endpoint = protocol.tls_at(front.address()).tls(Tls::new().roots(authority.pem()));
            let counts = after_three_spans(endpoint);
            assert_eq!(counts.dropped.export_failed, 3, "{protocol:?}");
            assert_eq!(receiver.received().requests, 0);
        }
    }
}

#[test]
fn a_receiver_that_asks_who_we_are_is_told() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let own = clients.identity_of("trilha");
    for protocol in BOTH {
        let receiver = Receiver::start();
        let front = front(protocol, &receiver, server(&authority.identity_of(HERE), Some(&clients)));
        let tls = Tls::new().roots(authority.pem());
        let endpoint = protocol.tls_at(front.address());
        let refused = after_three_spans(endpoint.clone().tls(tls.clone()));
        assert_eq!((refused.delivered, receiver.received().spans), (0, 0), "{protocol:?}");
        assert_honest(&refused, &receiver);
        let known = tls.client_certificate(own.certificate.clone()).client_key(own.key.clone());
        assert_eq!(after_three_spans(endpoint.tls(known)).delivered, 3, "{protocol:?}");
    }
}

#[test]
fn who_speaks_plainly_to_tls_or_tls_to_plain_text_is_counted() {
    let authority = Authority::new();
    for protocol in BOTH {
        let receiver = Receiver::start();
        let front = front(protocol, &receiver, server(&authority.identity_of(HERE), None));
        let plain = after_three_spans(protocol.at(front.address()));
        let tls = Tls::new().roots(authority.pem());
        let secret = after_three_spans(protocol.tls_at(protocol.address(&receiver)).tls(tls));
        for counts in [plain, secret] {
            assert_honest(&counts, &receiver);
            assert_eq!(counts.unacknowledged + counts.dropped.export_failed, 3, "{protocol:?}");
        }
    }
}

#[test]
fn a_receiver_whose_certificate_is_put_right_gets_what_waited() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    for protocol in BOTH {
        let receiver = Receiver::start();
        let front = front(protocol, &receiver, server(&stranger.identity_of(HERE), None));
        let endpoint = protocol.tls_at(front.address()).tls(Tls::new().roots(authority.pem()));
        let (pipeline, handle) = start(endpoint);
        spans(&handle, 3);
        assert!(!pipeline.flush_blocking(Duration::from_millis(50)).is_complete, "{protocol:?}");
        front.change(server(&authority.identity_of(HERE), None));
        assert_eq!(pipeline.flush_blocking(ENOUGH).counts.delivered, 3, "{protocol:?}");
    }
}
