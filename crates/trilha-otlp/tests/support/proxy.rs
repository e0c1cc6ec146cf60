//! A TCP proxy between a sender and a receiver, with the faults of a network and of strangers.

use std::{io, net::SocketAddr, thread, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the proxy does with connections.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    /// Passes on what both say.
    Passes,
    /// Nobody listens.
    IsDead,
    /// Accepts, and closes.
    Refuses,
    /// Accepts, and never reads nor writes.
    IsBlackHole,
    /// Reads everything, and never writes.
    Swallows,
    /// Reads something, and resets the connection.
    Resets,
    /// Passes requests on, and answers at one byte a second.
    Trickles,
    /// Says at once that nothing more will be said, and goes on reading.
    HalfCloses,
    /// Answers what the sender says with this.
    Answers(&'static [u8]),
    /// Answers with the first, and then with the second for ever.
    Floods(&'static [u8], &'static [u8]),
}

pub(crate) struct Proxy {
    address: SocketAddr,
    way: watch::Sender<Way>,
}

impl Proxy {
    pub(crate) fn before(receiver: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (way, ways) = watch::channel(Way::Passes);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                serve(listener, receiver, ways).await;
            });
        });
        Self { address, way }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections are treated in this way; those that were treated in another one end.
    pub(crate) fn change(&self, way: Way) {
        self.way.send_if_modified(|now| std::mem::replace(now, way) != way);
    }
}

/// Returns when the proxy is dropped.
async fn serve(listener: TcpListener, receiver: SocketAddr, mut ways: watch::Receiver<Way>) {
    let address = listener.local_addr().unwrap();
    let mut listener = Some(listener);
    loop {
        let way = *ways.borrow_and_update();
        if way == Way::IsDead {
            listener = None;
            if ways.changed().await.is_err() {
                return;
            }
            continue;
        }
        let open = match &listener {
            Some(open) => open,
            None => match TcpListener::bind(address).await {
                Ok(again) => listener.insert(again),
                // Somebody else's short-lived connection has the port.
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
        };
        tokio::select! {
            changed = ways.changed() => if changed.is_err() { return },
            near = open.accept() => {
                let (near, mut ways) = (near.unwrap().0, ways.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        _ = treat(near, receiver, way) => {}
                        _ = ways.changed() => {}
                    }
                });
            }
        }
    }
}

async fn treat(mut near: TcpStream, receiver: SocketAddr, way: Way) -> io::Result<()> {
    match way {
        Way::Passes => {
            copy_bidirectional(&mut near, &mut TcpStream::connect(receiver).await?).await?;
        }
        Way::IsDead | Way::Refuses => {}
        Way::IsBlackHole => std::future::pending().await,
        Way::Swallows => swallow(&mut near).await?,
        Way::Resets => {
            near.read_u8().await?;
            near.set_zero_linger()?;
        }
        Way::Trickles => {
            let (mut from_sender, mut to_sender) = near.split();
            let mut far = TcpStream::connect(receiver).await?;
            let (mut from_receiver, mut to_receiver) = far.split();
            let trickle = async {
                loop {
                    to_sender.write_u8(from_receiver.read_u8().await?).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            };
            let trickled: io::Result<()> = tokio::select! {
                copied = copy(&mut from_sender, &mut to_receiver) => copied.map(drop),
                trickled = trickle => trickled,
            };
            trickled?;
        }
        Way::HalfCloses => {
            near.shutdown().await?;
            swallow(&mut near).await?;
        }
        Way::Answers(answer) => {
            near.read_u8().await?;
            near.write_all(answer).await?;
            swallow(&mut near).await?;
        }
        Way::Floods(head, more) => {
            near.read_u8().await?;
            let (mut from_sender, mut to_sender) = near.split();
            to_sender.write_all(head).await?;
            let flood = async {
                loop {
                    to_sender.write_all(more).await?;
                }
            };
            let flooded: io::Result<()> = tokio::select! {
                flooded = flood => flooded,
                read = swallow(&mut from_sender) => read,
            };
            flooded?;
        }
    }
    Ok(())
}

async fn swallow(near: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    copy(near, &mut tokio::io::sink()).await.map(drop)
}
