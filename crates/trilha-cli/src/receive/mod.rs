//! `trilha receive`: an OTLP receiver that shows each trace as a tree when it is complete.
//!
//! It keeps nothing on disk and forwards nothing. Memory is bounded by the receiver.

mod args;
mod output;
mod pending;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Instant;

use trilha_testing::{Receiver, SetupError};

pub(crate) use self::args::Args;
use self::output::Output;
use self::pending::{Due, Pending};
use crate::terminal::{fail, say};

/// Receives until it is interrupted, or until nobody reads its output any more.
pub(crate) fn run(args: &Args) -> ExitCode {
    let started = Receiver::builder().http_addr(args.http).grpc_addr(args.grpc).start();
    let receiver = match started {
        Ok(receiver) => receiver,
        Err(error) => return fail(&describe(&error), 2),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}"), 1),
    };
    match runtime.block_on(show_traces(args, &receiver)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(&format!("cannot go on: {error}"), 1),
    }
}

async fn show_traces(args: &Args, receiver: &Receiver) -> io::Result<()> {
    let mut interrupted = std::pin::pin!(interruption()?);
    let http = reachable(receiver.http_addr());
    let grpc = reachable(receiver.grpc_addr());
    say(format_args!(
        "ready; set OTEL_EXPORTER_OTLP_ENDPOINT=http://{http} (OTLP/HTTP) or http://{grpc} (OTLP/gRPC)",
    ));

    let mut updates = receiver.updates();
    let mut pending = Pending::new(args.idle);
    let mut output = Output::new(args, io::stdout());
    loop {
        let next_due = pending.next_due();
        let timer = async {
            match next_due {
                Some(due) => tokio::time::sleep_until(due.into()).await,
                None => std::future::pending().await,
            }
        };
        let is_over = tokio::select! {
            traces = updates.next() => {
                let now = Instant::now();
                for trace in traces {
                    pending.changed(trace.trace_id(), now);
                }
                false
            }
            () = timer => false,
            () = &mut interrupted => true,
        };

        let due = if is_over { pending.all_due() } else { pending.due(Instant::now()) };
        for due in due {
            show(due, receiver, &mut pending, &mut output)?;
        }
        pending.forget_unless(|trace_id| receiver.trace_so_far(trace_id).is_some());

        if is_over {
            say(output.summary());
            let evicted = receiver.received().evicted_traces;
            if evicted > 0 {
                let whether = "whether or not they had been shown";
                say(format_args!("{evicted} trace(s) were given up to bound the memory, {whether}"));
            }
            return Ok(());
        }
    }
}

/// Shows a trace, unless it should be given more time to become whole, or nobody wants to see it.
fn show(
    due: Due,
    receiver: &Receiver,
    pending: &mut Pending,
    output: &mut Output<io::Stdout>,
) -> io::Result<()> {
    let Some(trace) = receiver.trace_so_far(due.trace_id) else {
        pending.forget(due.trace_id);
        return Ok(());
    };
    if !trace.is_whole() && due.may_wait {
        pending.wait_longer(due.trace_id);
        return Ok(());
    }
    if !output.wants(&trace) {
        pending.skipped(due.trace_id);
        return Ok(());
    }
    let shown = pending.shown(due.trace_id, &trace);
    output.show(&trace, shown)
}

/// Done when the process is asked to end.
fn interruption() -> io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Where it cannot be listened for, the system ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

/// An address that a service on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// One line that names the option as the user writes it.
fn describe(error: &SetupError) -> String {
    let option = match error.option() {
        "http_addr" => "--http",
        "grpc_addr" => "--grpc",
        other => other,
    };
    let reason = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    match error.address() {
        Some(address) => format!("cannot listen on {address} (option {option}): {reason}"),
        None => format!("{error}: {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_all_interfaces_is_reached_over_the_loopback() {
        for (bound, reached) in
            [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")]
        {
            assert_eq!(reachable(bound.parse().unwrap()).to_string(), reached);
        }
    }
}
