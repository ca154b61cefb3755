//! Requests through an application.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{COOKIE, HeaderValue, SET_COOKIE};
use actix_web::test::TestRequest;
use bench_server::{Application, Candidate, Fault, Host, Setup, serve};
use certsession_actix::PeerState;
use certsession_actix::test_util::TestRequestExt;
use certsession_benches::{Clients, stand_in_cookie};

use crate::work::Work;

/// The requests of one client, which has a session.
#[derive(Debug)]
pub struct Requests {
    application: Application,
    peer: PeerState,
    cookie: HeaderValue,
}

impl Requests {
    /// Builds the candidate's application, and begins a session.
    ///
    /// # Errors
    ///
    /// If it cannot be set up, or does not begin a session.
    pub async fn new(candidate: Candidate, redis: Option<String>) -> Result<Self, Fault> {
        let mut application = None;
        let setup = Setup {
            host: Host::Process(&mut application),
            database: redis,
        };
        serve(candidate, setup).await?;
        let mut requests = Self {
            application: application.ok_or("there is no application")?,
            peer: Clients::new(true)?.peer(0)?,
            cookie: HeaderValue::try_from(stand_in_cookie())?,
        };
        let response = requests.send("/fill").await?;
        requests.keep(&response)?;
        Ok(requests)
    }

    /// Sends one request, and keeps the cookie of the response.
    ///
    /// # Errors
    ///
    /// If the status of the response is not 200.
    pub async fn once(&mut self, work: Work) -> Result<(), Fault> {
        let response = self.send(work.target()).await?;
        self.keep(&response)
    }

    async fn send(&self, target: &str) -> Result<ServiceResponse, Fault> {
        let request = TestRequest::get()
            .uri(target)
            .insert_header((COOKIE, self.cookie.clone()))
            .to_request_from(self.peer.clone());
        let response = self.application.call(request).await?;
        match response.status().as_u16() {
            200 => Ok(response),
            status => Err(format!("{target} answers {status}").into()),
        }
    }

    fn keep(&mut self, response: &ServiceResponse) -> Result<(), Fault> {
        if let Some(field) = response.headers().get(SET_COOKIE) {
            let cookie = field.to_str()?.split(';').next().unwrap_or_default();
            self.cookie = HeaderValue::try_from(cookie)?;
        }
        Ok(())
    }
}
