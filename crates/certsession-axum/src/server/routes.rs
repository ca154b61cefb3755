//! What axum does with a `Router` before it serves it.

use std::any::Any;
use std::mem;

use axum::Router;

/// Lets a `Router` make its routes, with the layers around them, once and not for each request:
/// it does so when it is told its state, and `into_make_service` is what tells it elsewhere. Another
/// service is left as it is.
pub(super) fn made_once<S: 'static>(mut service: S) -> S {
    if let Some(router) = (&mut service as &mut dyn Any).downcast_mut::<Router>() {
        *router = mem::take(router).with_state(());
    }
    service
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::http::Request;
    use axum::routing::{Route, get};
    use tower::ServiceExt;
    use tower_layer::layer_fn;

    use super::*;

    #[tokio::test]
    async fn the_layers_of_a_router_are_applied_once_and_not_for_each_request() {
        let applied = Arc::new(AtomicUsize::new(0));
        let layer = {
            let applied = Arc::clone(&applied);
            layer_fn(move |route: Route| {
                applied.fetch_add(1, Ordering::SeqCst);
                route
            })
        };
        let router = made_once(Router::new().route("/", get(|| async {})).layer(layer));
        let at_start = applied.load(Ordering::SeqCst);
        for _ in 0..3 {
            let request = Request::new(Body::empty());
            let response: Result<_, Infallible> = router.clone().oneshot(request).await;
            assert!(response.is_ok_and(|response| response.status().is_success()));
        }
        assert_eq!(applied.load(Ordering::SeqCst), at_start);
    }
}
