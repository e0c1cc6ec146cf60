//! A receiver in a process of its own, told what to do on its standard input.

use std::{
    cell::RefCell,
    env,
    io::{self, BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use trilha::Protocol;
use trilha_testing::{Fault, Receiver as Inner};

use crate::Result;

/// What can be wrong with it, in the words of [`Receiver::tell`].
pub(super) const FAULTS: [&str; 9] =
    ["dead", "hang", "disconnect", "lose-answer", "refuse", "throttle", "500", "503", "413"];

/// The process, as its parent sees it.
pub(super) struct Receiver {
    pub(super) endpoint: String,
    pipes: RefCell<(ChildStdin, Lines<BufReader<ChildStdout>>)>,
    _process: KillOnDrop,
}

struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

impl Receiver {
    pub(super) fn start(protocol: Protocol) -> Result<Self> {
        let name = if protocol == Protocol::Grpc { "grpc" } else { "http" };
        let mut process = Command::new(env::current_exe()?)
            .args(["soak-receiver", name])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = process.stdin.take().zip(process.stdout.take()).ok_or("the receiver has no pipes")?;
        let pipes = RefCell::new((pipes.0, BufReader::new(pipes.1).lines()));
        let mut started = Self { endpoint: String::new(), pipes, _process: KillOnDrop(process) };
        started.endpoint = started.answer()?;
        Ok(started)
    }

    /// Says what it should do, one of [`FAULTS`] or `recover`, and waits until it does.
    pub(super) fn tell(&self, order: &str) -> Result<()> {
        writeln!(self.pipes.borrow_mut().0, "{order}")?;
        self.answer().map(|_| ())
    }

    /// How many spans it has got, each counted once.
    pub(super) fn arrived(&self) -> Result<u64> {
        writeln!(self.pipes.borrow_mut().0, "count")?;
        Ok(self.answer()?.parse()?)
    }

    fn answer(&self) -> Result<String> {
        Ok(self.pipes.borrow_mut().1.next().ok_or("the receiver has ended")??)
    }
}

/// The process itself, until its standard input ends.
pub(crate) fn serve(protocol: &str) -> Result<()> {
    let mut out = io::stdout();
    let mut receiver = Inner::builder().max_spans(20_000).start()?;
    let (http, grpc) = (receiver.http_addr(), receiver.grpc_addr());
    let endpoint = if protocol == "grpc" { receiver.grpc_endpoint() } else { receiver.http_endpoint() };
    writeln!(out, "{endpoint}")?;
    let mut before = 0; // spans that those got which were stopped
    let mut is_dead = false;
    for order in io::stdin().lines() {
        let order = order?;
        if order == "count" {
            writeln!(out, "{}", before + receiver.received().spans)?;
            continue;
        }
        if is_dead {
            before += receiver.received().spans;
            receiver = Inner::builder().max_spans(20_000).http_addr(http).grpc_addr(grpc).start()?;
        }
        is_dead = order == "dead";
        match fault(&order) {
            _ if is_dead => receiver.stop(),
            Some(fault) => receiver.respond(fault),
            None => receiver.recover(),
        }
        writeln!(out, "{order}")?;
    }
    Ok(())
}

fn fault(order: &str) -> Option<Fault> {
    Some(match order {
        "hang" => Fault::Hang,
        "disconnect" => Fault::Disconnect,
        "lose-answer" => Fault::LoseAnswer,
        "refuse" => Fault::Refuse(3),
        "throttle" => Fault::Throttle(Duration::from_secs(1)),
        status => Fault::Status(status.parse().ok()?),
    })
}
