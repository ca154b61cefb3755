//! A request that fails, as axum's response.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use certsession_axum::Error;
use portal_common::Failure;

pub(crate) struct Failed(Failure);

impl<E: Into<Failure>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        match self.0 {
            Failure::Session(error) => Error::from(error).into_response(),
            Failure::Portal(status, text) => {
                let internal = StatusCode::INTERNAL_SERVER_ERROR;
                (StatusCode::from_u16(status).unwrap_or(internal), text).into_response()
            }
        }
    }
}
