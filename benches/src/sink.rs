//! Where spans go: a receiver in a process of its own, so that its cost is in nobody's figures.

use std::io::{self, Write};

use trilha_testing::Receiver;

use crate::Result;

/// Prints the endpoint, and how many spans arrived once standard input ends.
pub(crate) fn serve() -> Result<()> {
    let receiver = Receiver::builder().start()?;
    writeln!(io::stdout(), "{}", receiver.http_endpoint())?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    writeln!(io::stdout(), "{}", receiver.received().spans)?;
    Ok(())
}
