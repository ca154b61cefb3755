//! The host of an application.

use std::error::Error;
use std::future::Future;
use std::net::TcpListener;
use std::pin::Pin;
use std::time::Duration;

use actix_http::Request;
use actix_web::dev::ServiceResponse;

use crate::Tls;

/// How long a connection may be idle: longer than any benchmark. actix's default of five seconds
/// would be over before ten thousand connections are open.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(600);

/// Any error of a candidate.
pub type Fault = Box<dyn Error>;

/// The parameters of a candidate.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Where the candidate runs.
    pub host: Host<'a>,
    /// The URL of a database, for candidates that need one.
    pub database: Option<String>,
}

/// Where an application runs.
#[derive(Debug)]
pub enum Host<'a> {
    /// Behind mutual TLS, on this socket.
    Server(TcpListener, Box<Tls>),
    /// In this process, called directly. Not for axum.
    Process(&'a mut Option<Application>),
}

/// An application in this process.
pub struct Application(pub(crate) Box<dyn Fn(Request) -> Answer>);

type Answer = Pin<Box<dyn Future<Output = Result<ServiceResponse, actix_web::Error>>>>;

impl Application {
    /// Sends a request through the application.
    pub fn call(&self, request: Request) -> Answer {
        (self.0)(request)
    }
}

impl std::fmt::Debug for Application {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Application")
    }
}

impl Setup<'_> {
    pub(crate) fn database(&self) -> Result<&str, Fault> {
        Ok(self
            .database
            .as_deref()
            .ok_or("this candidate needs a database")?)
    }
}

/// Runs an application on actix-web, with one worker, because it has one core. Only a candidate
/// that uses certificates has a hook that captures them from the connection.
macro_rules! run {
    ($setup:expr, $application:expr $(, on_connect = $hook:path)?) => {{
        use actix_web::dev::Service;
        let application = $application;
        match $setup.host {
            $crate::Host::Server(listener, tls) => {
                #[allow(unused_variables, reason = "only a hook takes the verifier")]
                let (tls, verifier) = tls.config()?;
                actix_web::HttpServer::new(application)
                    .workers(1)
                    .tcp_nodelay(true)
                    .keep_alive($crate::host::KEEP_ALIVE)
                    $(.on_connect($hook(verifier)))?
                    .listen_rustls_0_23(listener, tls)?
                    .run()
                    .await?;
            }
            $crate::Host::Process(slot) => {
                let service = actix_web::test::init_service(application()).await;
                *slot = Some($crate::Application(Box::new(move |request| {
                    let answer = service.call(request);
                    Box::pin(async move { Ok(answer.await?.map_into_boxed_body()) })
                })));
            }
        }
        Ok(())
    }};
}

pub(crate) use run;
