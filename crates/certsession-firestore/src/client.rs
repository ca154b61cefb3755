//! Calls to the database: with a token, within a time-out, and sent again where that is safe.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::Stream;
use http::uri::PathAndQuery;
use prost::Message;
use tokio::time::{sleep, timeout};
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::connections::{Connection, Connections};
use crate::credentials::Tokens;
use crate::failure::{ATTEMPTS, Failure, Verdict, pause, verdict};
use crate::layout::Layout;
use crate::message::{
    AdminField, BatchGetDocumentsRequest, BatchGetDocumentsResponse, BatchWriteResponse,
    CommitResponse, Document, GetFieldRequest, GetResult, ListenRequest, ListenResponse,
    RunAggregationQueryRequest, RunAggregationQueryResponse, RunQueryRequest, RunQueryResponse,
    ValueType, Write, Writes,
};

/// A method of the database.
#[derive(Clone, Copy, Debug)]
struct Method(&'static str);

const BATCH_GET: Method = Method("/google.firestore.v1.Firestore/BatchGetDocuments");
const COMMIT: Method = Method("/google.firestore.v1.Firestore/Commit");
const BATCH_WRITE: Method = Method("/google.firestore.v1.Firestore/BatchWrite");
const RUN_QUERY: Method = Method("/google.firestore.v1.Firestore/RunQuery");
const COUNT: Method = Method("/google.firestore.v1.Firestore/RunAggregationQuery");
const LISTEN: Method = Method("/google.firestore.v1.Firestore/Listen");
const GET_FIELD: Method = Method("/google.firestore.admin.v1.FirestoreAdmin/GetField");

/// Whether a call may be sent again after an attempt whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Its preconditions see to it that it is taken once at the most.
    Safe,
    /// Taken twice it could do harm.
    Never,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    /// Whether an earlier attempt of the same call may have been taken.
    pub(crate) may_have_happened: bool,
}

/// The connections to the database, and what each call needs besides.
pub(crate) struct Client {
    connections: Connections,
    /// Those for streams of changes.
    streams: Connections,
    tokens: Tokens,
    pub(crate) layout: Arc<Layout>,
    /// `google-cloud-resource-prefix`.
    resource: MetadataValue<Ascii>,
    /// `x-goog-request-params`.
    routing: MetadataValue<Ascii>,
    pub(crate) timeout: Duration,
}

impl Client {
    pub(crate) fn new(
        [connections, streams]: [Connections; 2],
        tokens: Tokens,
        layout: Layout,
        routing: [MetadataValue<Ascii>; 2],
        timeout: Duration,
    ) -> Self {
        let [resource, routing] = routing;
        Self {
            connections,
            streams,
            tokens,
            layout: Arc::new(layout),
            resource,
            routing,
            timeout,
        }
    }

    /// The document of this name; `None` if there is none.
    pub(crate) async fn get(&self, name: String) -> Result<Option<Document>, Failure> {
        let request = BatchGetDocumentsRequest {
            database: self.layout.database.clone(),
            documents: vec![name],
            mask: None,
        };
        let answers = self.call(BATCH_GET, &request, Repeat::Safe).await?.value;
        let result = answers
            .into_iter()
            .find_map(|answer: BatchGetDocumentsResponse| answer.result);
        match result {
            Some(GetResult::Found(document)) => Ok(Some(document)),
            Some(GetResult::Missing(_)) => Ok(None),
            // An absent document is told as such. Silence is no answer.
            None => Err(silence()),
        }
    }

    pub(crate) async fn query(&self, query: &RunQueryRequest) -> Result<Vec<Document>, Failure> {
        let answers = self.call(RUN_QUERY, query, Repeat::Safe).await?.value;
        let documents = answers
            .into_iter()
            .filter_map(|answer: RunQueryResponse| answer.document);
        Ok(documents.collect())
    }

    /// How many documents a query finds.
    pub(crate) async fn count(&self, query: &RunAggregationQueryRequest) -> Result<usize, Failure> {
        let answers = self.call(COUNT, query, Repeat::Safe).await?.value;
        let results = answers
            .into_iter()
            .filter_map(|answer: RunAggregationQueryResponse| answer.result);
        let mut fields = results.flat_map(|result| result.aggregate_fields.into_values());
        let count = fields.find_map(|field| match field.value_type? {
            ValueType::Integer(count) => usize::try_from(count).ok(),
            _ => None,
        });
        count.ok_or_else(silence)
    }

    /// Writes all, or nothing.
    pub(crate) async fn commit(
        &self,
        writes: Vec<Write>,
        repeat: Repeat,
    ) -> Result<Answer<CommitResponse>, Failure> {
        let request = self.writes(writes);
        self.call(COMMIT, &request, repeat).await?.only()
    }

    /// Writes each by itself.
    pub(crate) async fn batch_write(
        &self,
        writes: Vec<Write>,
    ) -> Result<Answer<BatchWriteResponse>, Failure> {
        let request = self.writes(writes);
        self.call(BATCH_WRITE, &request, Repeat::Safe).await?.only()
    }

    /// What the administration of the database says of a field.
    pub(crate) async fn field(&self, name: String) -> Result<AdminField, Failure> {
        let request = GetFieldRequest { name };
        let answer = self.call(GET_FIELD, &request, Repeat::Safe).await?.only()?;
        Ok(answer.value)
    }

    /// Opens a stream of changes. It lasts as long as both sides like.
    pub(crate) async fn listen(
        &self,
        requests: impl Stream<Item = ListenRequest> + Send + 'static,
    ) -> Result<Changes, Status> {
        let limit = Limit::of(self.timeout);
        let (request, bearer) = self.request(requests, limit).await?;
        let mut connection = limit.bound(self.streams.ready()).await?;
        let codec = ProstCodec::<ListenRequest, ListenResponse>::default();
        let opening = connection.grpc.streaming(request, path(LISTEN), codec);
        let opened = limit.bound(opening).await;
        if opened.is_err() && limit.is_over() {
            self.streams.give_up(&connection);
        }
        Ok(Changes {
            stream: self.note(&bearer, opened)?.into_inner(),
            _connection: connection,
        })
    }

    /// Sends a call until it is answered, as often as is safe and the time allows.
    async fn call<Q, A>(
        &self,
        method: Method,
        request: &Q,
        repeat: Repeat,
    ) -> Result<Answer<Vec<A>>, Failure>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let limit = Limit::of(self.timeout);
        let mut may_have_happened = false;
        let mut attempts = 0;
        loop {
            let status = match self.attempt(method, request, repeat, limit).await {
                Ok(value) => {
                    return Ok(Answer {
                        value,
                        may_have_happened,
                    });
                }
                Err(status) => status,
            };
            attempts += 1;
            let verdict = verdict(&status);
            may_have_happened |= verdict == Verdict::Unknown;
            let may_repeat = match verdict {
                Verdict::NotTaken => true,
                Verdict::Unknown => repeat == Repeat::Safe,
                Verdict::Final => false,
            };
            let pause = pause(attempts);
            if !may_repeat || attempts == ATTEMPTS || pause >= limit.left() {
                return Err(Failure {
                    status,
                    may_have_happened,
                });
            }
            tracing::debug!(target: "certsession::firestore", code = ?status.code(), "once more");
            sleep(pause).await;
        }
    }

    /// One attempt of a call. If another may follow, it leaves time for that: an answer can be lost
    /// without a sign.
    async fn attempt<Q, A>(
        &self,
        method: Method,
        request: &Q,
        repeat: Repeat,
        whole: Limit,
    ) -> Result<Vec<A>, Status>
    where
        Q: Message + Clone + 'static,
        A: Message + Default + 'static,
    {
        let (mut request, bearer) = self.request(request.clone(), whole).await?;
        let limit = Limit::of(match repeat {
            Repeat::Safe => whole.left().min(self.timeout / 2),
            Repeat::Never => whole.left(),
        });
        request.set_timeout(limit.left());
        let mut connection = limit.bound(self.connections.ready()).await?;
        let exchange = self.exchange(method, request, &bearer, &mut connection.grpc);
        let answers = limit.bound(exchange).await;
        if answers.is_err() && limit.is_over() {
            self.connections.give_up(&connection);
        }
        answers
    }

    /// Sends a request and takes all that is answered: on the wire, a method with one answer is a
    /// stream of one.
    async fn exchange<Q, A>(
        &self,
        method: Method,
        request: Request<Q>,
        bearer: &MetadataValue<Ascii>,
        grpc: &mut Grpc<Channel>,
    ) -> Result<Vec<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc.server_streaming(request, path(method), codec).await;
        let mut stream = self.note(bearer, answer)?.into_inner();
        let mut answers = Vec::new();
        while let Some(answer) = stream.message().await? {
            answers.push(answer);
        }
        Ok(answers)
    }

    fn writes(&self, writes: Vec<Write>) -> Writes {
        Writes {
            database: self.layout.database.clone(),
            writes,
        }
    }

    /// A request, and the token that it shows.
    async fn request<T>(
        &self,
        message: T,
        limit: Limit,
    ) -> Result<(Request<T>, MetadataValue<Ascii>), Status> {
        let mut request = Request::new(message);
        // Without a token nothing is sent, so the status is one of calls that were not taken.
        let bearer = match timeout(limit.left(), self.tokens.bearer()).await {
            Ok(bearer) => bearer.map_err(|error| Status::unauthenticated(error.to_string()))?,
            Err(_) => return Err(Status::unauthenticated("no access token came in time")),
        };
        let metadata = request.metadata_mut();
        metadata.insert("authorization", bearer.clone());
        metadata.insert("google-cloud-resource-prefix", self.resource.clone());
        metadata.insert("x-goog-request-params", self.routing.clone());
        Ok((request, bearer))
    }

    /// Looks whether the server takes the token no longer.
    fn note<T>(
        &self,
        bearer: &MetadataValue<Ascii>,
        answer: Result<T, Status>,
    ) -> Result<T, Status> {
        if let Err(status) = &answer
            && status.code() == Code::Unauthenticated
        {
            self.tokens.refused(bearer);
        }
        answer
    }
}

/// A stream of changes.
pub(crate) struct Changes {
    stream: Streaming<ListenResponse>,
    /// It takes up room on its connection for as long as it is there.
    _connection: Connection,
}

impl Changes {
    /// The next change; `None` where the server has ended the stream.
    pub(crate) async fn next(&mut self) -> Result<Option<ListenResponse>, Status> {
        self.stream.message().await
    }
}

/// How long something may take.
#[derive(Clone, Copy, Debug)]
struct Limit {
    began: Instant,
    all: Duration,
}

impl Limit {
    /// So long from now on.
    fn of(all: Duration) -> Self {
        let began = Instant::now();
        Self { began, all }
    }

    fn left(&self) -> Duration {
        self.all.saturating_sub(self.began.elapsed())
    }

    fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// What comes of a call in this time.
    async fn bound<T>(&self, call: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let answer = timeout(self.left(), call).await;
        answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer came in time")))
    }
}

fn path(method: Method) -> PathAndQuery {
    PathAndQuery::from_static(method.0)
}

impl<T> Answer<Vec<T>> {
    /// The one answer of a method that has one.
    fn only(mut self) -> Result<Answer<T>, Failure> {
        match self.value.pop() {
            Some(value) => Ok(Answer {
                value,
                may_have_happened: self.may_have_happened,
            }),
            None => Err(silence()),
        }
    }
}

/// The server ended its answer and had said nothing: whatever was asked may have happened.
fn silence() -> Failure {
    Failure {
        status: Status::internal("it answered nothing"),
        may_have_happened: true,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}
