//! A request that fails, as actix-web's response.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::ContentType;
use actix_web::{HttpResponse, ResponseError};
use certsession_actix::Error;
use portal_common::Failure;

#[derive(Debug)]
pub(crate) enum Failed {
    Session(Error),
    Portal(StatusCode, &'static str),
}

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        match error.into() {
            Failure::Session(error) => Self::Session(error.into()),
            Failure::Portal(status, text) => {
                let internal = StatusCode::INTERNAL_SERVER_ERROR;
                Self::Portal(StatusCode::from_u16(status).unwrap_or(internal), text)
            }
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(error) => error.fmt(f),
            Self::Portal(_, text) => f.write_str(text),
        }
    }
}

impl ResponseError for Failed {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Session(error) => error.status_code(),
            Self::Portal(status, _) => *status,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Session(error) => error.error_response(),
            Self::Portal(status, text) => HttpResponse::build(*status)
                .content_type(ContentType::plaintext())
                .body(*text),
        }
    }
}
