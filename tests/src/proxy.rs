//! A proxy between a client and a server that can fail by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards everything to a server until it is told to reset its connections.
pub struct ResettingProxy {
    port: u16,
    control: watch::Sender<Control>,
    refuses: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    /// Connections that were made before this count are to be reset.
    Resets(u64),
    End,
}

impl ResettingProxy {
    /// Starts a proxy in front of the server on this port, on a port of its own.
    pub fn before(target: u16) -> Self {
        let (control, controls) = watch::channel(Control::Resets(0));
        let (tell_port, port) = std::sync::mpsc::channel();
        let refuses = Arc::new(AtomicBool::new(false));
        let does_refuse = Arc::clone(&refuses);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let port = listener.local_addr().unwrap().port();
                tell_port.send(port).unwrap();
                serve(listener, target, controls, &does_refuse).await;
            });
        });
        Self {
            port: port.recv().unwrap(),
            control,
            refuses,
            thread: Some(thread),
        }
    }

    /// Its port, to use instead of the server's.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Resets (TCP RST) every open connection.
    pub fn reset(&self) {
        self.control.send_modify(|control| {
            if let Control::Resets(count) = control {
                *count += 1;
            }
        });
    }

    /// Sets whether new connections are reset at once.
    pub fn refuse(&self, refuses: bool) {
        self.refuses.store(refuses, Ordering::Relaxed);
    }
}

impl Drop for ResettingProxy {
    fn drop(&mut self) {
        self.control.send_replace(Control::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    listener: TcpListener,
    target: u16,
    mut controls: watch::Receiver<Control>,
    refuses: &AtomicBool,
) {
    loop {
        tokio::select! {
            control = controls.changed() => {
                if control.is_err() || *controls.borrow_and_update() == Control::End {
                    return;
                }
            }
            Ok((client, _)) = listener.accept() => {
                if refuses.load(Ordering::Relaxed) {
                    let _ = client.set_zero_linger();
                    continue;
                }
                tokio::spawn(forward(client, target, controls.clone()));
            }
        }
    }
}

/// Forwards between the two until one of them ends, or both are to be reset.
async fn forward(mut client: TcpStream, target: u16, mut controls: watch::Receiver<Control>) {
    controls.mark_unchanged();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", target)).await else {
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = controls.changed() => {
            // Closing a socket with zero linger sends RST, and drops unsent data.
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    }
}
