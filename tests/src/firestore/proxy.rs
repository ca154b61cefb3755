//! What lies between a store and the emulator: it sees each call, and does to it what a test says.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use h2::server::SendResponse;
use h2::{RecvStream, SendStream};
use http::{Request, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// More than any message here: nothing waits for a window.
const WINDOW: u32 = 64 << 20;

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is reset, and the call does not reach the emulator.
    CutBefore,
    /// The emulator takes the call, and the connection is reset before its answer arrives.
    CutAfter,
    /// The emulator takes the call, and its answer is held back for so long.
    Late(Duration),
    /// The connection stays open, and hands nothing on any more, this call included.
    Silent,
    /// The call does not reach the emulator; this gRPC status is answered.
    Status(u16, &'static str),
    /// The call does not reach the emulator; this message is answered.
    Answer(&'static [u8]),
}

/// Hands calls on to an emulator, and counts them.
pub struct CallProxy {
    port: u16,
    plan: Arc<Plan>,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

type Judge = Box<dyn FnMut(&str) -> Option<Fault> + Send>;

struct Plan {
    target: u16,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The methods that were called, in order.
    calls: Vec<String>,
    /// What happens to the next calls of a method.
    next: Vec<(String, Fault)>,
    /// What happens to all others.
    judge: Option<Judge>,
    /// The one token that is taken.
    token: Option<String>,
    /// Resets the connections that there are.
    connections: Vec<Arc<Notify>>,
    /// How many there were.
    accepted: usize,
}

impl CallProxy {
    /// A proxy before the emulator on this port, on a port of its own.
    pub fn before(target: u16) -> Self {
        let plan = Arc::new(Plan {
            target,
            state: Mutex::default(),
        });
        let end = Arc::new(Notify::new());
        let (tell_port, port) = std::sync::mpsc::channel();
        let thread = {
            let (plan, end) = (Arc::clone(&plan), Arc::clone(&end));
            thread::spawn(move || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                    let port = listener.local_addr().unwrap().port();
                    tell_port.send(port).unwrap();
                    tokio::select! {
                        () = serve(listener, plan) => {}
                        () = end.notified() => {}
                    }
                });
            })
        };
        Self {
            port: port.recv().unwrap(),
            plan,
            end,
            thread: Some(thread),
        }
    }

    /// Its port, in place of the emulator's.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Takes out which methods were called since this was last asked, in order.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.plan.lock().calls)
    }

    /// What happens to the next call of this method (`Commit`). Several happen one after another.
    pub fn fail_next(&self, method: &str, fault: Fault) {
        self.plan.lock().next.push((method.to_owned(), fault));
    }

    /// What happens to each call from now on for which nothing else was said.
    pub fn judge(&self, judge: impl FnMut(&str) -> Option<Fault> + Send + 'static) {
        self.plan.lock().judge = Some(Box::new(judge));
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.plan.lock().accepted
    }

    /// Everything is handed on again.
    pub fn heal(&self) {
        let mut state = self.plan.lock();
        state.next.clear();
        state.judge = None;
        state.token = None;
    }

    /// Takes calls with this token alone; others are answered UNAUTHENTICATED.
    pub fn take_token(&self, token: &str) {
        self.plan.lock().token = Some(token.to_owned());
    }

    /// Resets (TCP RST) every connection that there is.
    pub fn reset(&self) {
        for connection in std::mem::take(&mut self.plan.lock().connections) {
            connection.notify_one();
        }
    }
}

impl Drop for CallProxy {
    fn drop(&mut self) {
        self.end.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Plan {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call, and says what happens to it.
    fn judge(&self, request: &Request<RecvStream>) -> Option<Fault> {
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        let mut state = self.lock();
        state.calls.push(method.to_owned());
        let shown = request.headers().get("authorization");
        let shown = shown
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if let Some(token) = &state.token
            && shown.strip_prefix("Bearer ") != Some(token)
        {
            return Some(Fault::Status(16, "the token has expired"));
        }
        let next = state.next.iter().position(|(of, _)| of == method);
        if let Some(next) = next {
            return Some(state.next.remove(next).1);
        }
        state.judge.as_mut().and_then(|judge| judge(method))
    }
}

async fn serve(listener: TcpListener, plan: Arc<Plan>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        // Whatever closes it, closes it by RST.
        let _ = (client.set_zero_linger(), client.set_nodelay(true));
        let cut = Arc::new(Notify::new());
        let mut state = plan.lock();
        state.connections.push(Arc::clone(&cut));
        state.accepted += 1;
        drop(state);
        tokio::spawn(connection(client, Arc::clone(&plan), cut));
    }
}

async fn connection(client: TcpStream, plan: Arc<Plan>, cut: Arc<Notify>) {
    let Ok(upstream) = TcpStream::connect(("127.0.0.1", plan.target)).await else {
        return;
    };
    let _ = upstream.set_nodelay(true);
    let mut to_emulator = h2::client::Builder::new();
    to_emulator
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let Ok((emulator, upstream)) = to_emulator.handshake::<_, Bytes>(upstream).await else {
        return;
    };
    let upstream = tokio::spawn(async move { drop(upstream.await) });
    let mut from_client = h2::server::Builder::new();
    from_client
        .initial_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let Ok(mut client) = from_client.handshake::<_, Bytes>(client).await else {
        return;
    };
    let silence = Arc::new(Notify::new());
    loop {
        tokio::select! {
            // What the emulator has lost is lost to the client, too.
            accepted = client.accept() => match accepted {
                Some(Ok((request, respond))) => {
                    let (plan, cut) = (Arc::clone(&plan), Arc::clone(&cut));
                    let (emulator, silence) = (emulator.clone(), Arc::clone(&silence));
                    tokio::spawn(async move {
                        let outcome = call(request, respond, emulator, &plan, &cut, &silence);
                        if outcome.await.is_err() {
                            cut.notify_one();
                        }
                    });
                }
                _ => break,
            },
            () = cut.notified() => break,
            () = silence.notified() => {
                cut.notified().await;
                break;
            }
        }
    }
    upstream.abort();
}

async fn call(
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
    emulator: SendRequest<Bytes>,
    plan: &Plan,
    cut: &Notify,
    silence: &Notify,
) -> Result<(), h2::Error> {
    let fault = plan.judge(&request);
    match fault {
        Some(Fault::Silent) => {
            silence.notify_one();
            return std::future::pending().await;
        }
        Some(Fault::CutBefore) => {
            cut.notify_one();
            return Ok(());
        }
        Some(Fault::Status(code, message)) => {
            let answer = Response::builder()
                .header("content-type", "application/grpc")
                .header("grpc-status", code)
                .header("grpc-message", message);
            respond.send_response(answer.body(()).unwrap(), true)?;
            return Ok(());
        }
        Some(Fault::Answer(message)) => {
            let answer = Response::builder().header("content-type", "application/grpc");
            let mut answer = respond.send_response(answer.body(()).unwrap(), false)?;
            // Not compressed, and so long.
            let mut frame = vec![0];
            frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
            frame.extend_from_slice(message);
            answer.send_data(frame.into(), false)?;
            let mut status = http::HeaderMap::new();
            status.insert("grpc-status", 0.into());
            answer.send_trailers(status)?;
            return Ok(());
        }
        _ => {}
    }
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    let mut onward = Request::post(format!("http://127.0.0.1:{}{path}", plan.target));
    for (name, value) in &head.headers {
        let value = match name.as_str() {
            "authorization" => "Bearer owner".parse().unwrap(),
            _ => value.clone(),
        };
        onward = onward.header(name, value);
    }
    let mut emulator = emulator.ready().await?;
    let (answer, to_emulator) = emulator.send_request(onward.body(()).unwrap(), false)?;
    tokio::spawn(hand_on(body, to_emulator));
    let (answer, mut body) = answer.await?.into_parts();
    match fault {
        Some(Fault::CutAfter) => {
            while let Some(piece) = body.data().await {
                let length = piece?.len();
                body.flow_control().release_capacity(length)?;
            }
            cut.notify_one();
            return Ok(());
        }
        Some(Fault::Late(by)) => tokio::time::sleep(by).await,
        _ => {}
    }
    let is_over = body.is_end_stream();
    let to_client = respond.send_response(Response::from_parts(answer, ()), is_over);
    match (is_over, to_client) {
        (false, Ok(to_client)) => hand_on(body, to_client).await,
        // A client that no longer waits.
        _ => Ok(()),
    }
}

async fn hand_on(mut from: RecvStream, mut to: SendStream<Bytes>) -> Result<(), h2::Error> {
    while let Some(piece) = from.data().await {
        let piece = piece?;
        from.flow_control().release_capacity(piece.len())?;
        if to.send_data(piece, false).is_err() {
            return Ok(());
        }
    }
    let _ = match from.trailers().await? {
        Some(trailers) => to.send_trailers(trailers),
        None => to.send_data(Bytes::new(), true),
    };
    Ok(())
}
