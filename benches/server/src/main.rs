//! `bench-server CANDIDATE FOLDER [DATABASE-URL]`: serves one candidate of the load benchmark over
//! mutual TLS, on a port that it prints.

use std::io::{self, Write};
use std::net::TcpListener;

use bench_server::{Candidate, Fault, Host, Setup, Tls, serve};

fn main() -> Result<(), Fault> {
    let mut arguments = std::env::args().skip(1);
    let (Some(name), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("bench-server CANDIDATE FOLDER [DATABASE-URL]".into());
    };
    let candidate = Candidate::named(&name).ok_or_else(|| {
        let names = Candidate::ALL.map(Candidate::name).join(", ");
        format!("{name} is none of {names}")
    })?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(io::stdout(), "{}", listener.local_addr()?.port())?;
    let setup = Setup {
        host: Host::Server(listener, Box::new(Tls::read(folder.as_ref())?)),
        database: arguments.next(),
    };
    if candidate.is_on_axum() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        return runtime.block_on(serve(candidate, setup));
    }
    actix_web::rt::System::new().block_on(serve(candidate, setup))
}
