//! The examples over accept loops that are not this project's: axum-server, and tonic's own.

use std::fs;

use certsession_tests::Http;
use certsession_tests::programs::Example;
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use with_tonic::{Name, SIGN_IN, SIGN_OUT, WATCH, WHO_AM_I};

#[test]
fn p1_a_session_behind_axum_server_is_bound_to_the_certificate() {
    let example = Example::start("with-axum-server");
    for http in [Http::One, Http::Two] {
        let alice = example.curl("alice", http);
        assert_eq!(alice.get("/").body, "visit 1\n");
        assert_eq!(alice.get("/").body, "visit 2\n");
        let bob = example.curl("bob", http).with_jar_of(&alice);
        assert_eq!(bob.get("/").status, 403);
        assert_eq!(alice.get("/").body, "visit 3\n");
    }
}

#[tokio::test]
async fn p1_a_session_of_a_grpc_service_is_bound_to_the_certificate() {
    let example = Example::start("with-tonic");
    let (mut alice, mut bob) = (
        Caller::connect(&example, "alice").await,
        Caller::connect(&example, "bob").await,
    );
    let unsigned = alice.call(WHO_AM_I, "").await.unwrap_err();
    assert_eq!(unsigned.code(), Code::Unauthenticated);
    assert_eq!(unsigned.message(), "no one is signed in");
    assert_eq!(alice.call(SIGN_IN, "alice").await.unwrap(), "alice");
    assert_eq!(alice.call(WHO_AM_I, "").await.unwrap(), "alice");

    bob.cookie = alice.cookie.clone();
    let stolen = bob.call(WHO_AM_I, "").await.unwrap_err();
    assert_eq!(stolen.code(), Code::PermissionDenied, "{stolen}");
    assert_eq!(alice.call(WHO_AM_I, "").await.unwrap(), "alice");

    alice.call(SIGN_OUT, "").await.unwrap();
    let ended = alice.call(WHO_AM_I, "").await.unwrap_err();
    assert_eq!(ended.code(), Code::Unauthenticated);
    let nameless = alice.call(SIGN_IN, "").await.unwrap_err();
    assert_eq!(nameless.code(), Code::InvalidArgument, "{nameless}");
}

#[tokio::test]
async fn a_grpc_stream_ends_with_its_session() {
    let example = Example::start("with-tonic");
    let mut alice = Caller::connect(&example, "alice").await;
    alice.call(SIGN_IN, "alice").await.unwrap();
    let mut stream = alice.watch().await;
    assert_eq!(stream.message().await.unwrap().unwrap().name, "alice");
    alice.call(SIGN_OUT, "").await.unwrap();
    let end = tokio::time::timeout(std::time::Duration::from_secs(10), stream.message());
    let end = end.await.expect("it ends").unwrap_err();
    assert_eq!(end.code(), Code::Unauthenticated, "{end}");
}

/// A gRPC client with one certificate and one cookie.
struct Caller {
    grpc: Grpc<Channel>,
    cookie: Option<String>,
}

impl Caller {
    async fn connect(example: &Example, name: &str) -> Self {
        let read = |path| fs::read_to_string(path).unwrap();
        let pki = &example.pki;
        let identity =
            Identity::from_pem(read(pki.certificate_path(name)), read(pki.key_path(name)));
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(pki.certificate_path("ca"))))
            .domain_name("localhost")
            .identity(identity);
        let channel = Channel::from_shared(format!("https://127.0.0.1:{}", example.port));
        let channel = channel.unwrap().tls_config(tls).unwrap();
        Self {
            grpc: Grpc::new(channel.connect().await.unwrap()),
            cookie: None,
        }
    }

    /// Calls a method, and keeps the cookie of its response.
    async fn call(&mut self, path: &'static str, name: &str) -> Result<String, Status> {
        let request = self.request(name);
        self.grpc.ready().await.unwrap();
        let response: Response<Name> = self
            .grpc
            .unary(request, path.parse().unwrap(), ProstCodec::default())
            .await?;
        self.keep_cookie(response.metadata());
        Ok(response.into_inner().name)
    }

    async fn watch(&mut self) -> Streaming<Name> {
        let request = self.request("");
        self.grpc.ready().await.unwrap();
        let path = WATCH.parse().unwrap();
        let streaming = self
            .grpc
            .server_streaming(request, path, ProstCodec::default());
        streaming.await.unwrap().into_inner()
    }

    fn request(&self, name: &str) -> Request<Name> {
        let mut request = Request::new(Name { name: name.into() });
        if let Some(cookie) = &self.cookie {
            request
                .metadata_mut()
                .insert("cookie", cookie.parse().unwrap());
        }
        request
    }

    fn keep_cookie(&mut self, metadata: &MetadataMap) {
        if let Some(field) = metadata.get("set-cookie") {
            let pair = field.to_str().unwrap().split(';').next();
            self.cookie = pair.map(str::to_owned);
        }
    }
}
