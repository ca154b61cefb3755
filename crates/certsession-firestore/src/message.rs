//! The messages of `google.firestore.v1` that the store sends and reads: of each, the fields that
//! it uses. Numbers and types are those of the public `.proto` files; what is left out is skipped
//! in reading.

use std::collections::HashMap;

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Timestamp {
    #[prost(int64, tag = "1")]
    pub(crate) seconds: i64,
    #[prost(int32, tag = "2")]
    pub(crate) nanos: i32,
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Document {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(map = "string, message", tag = "2")]
    pub(crate) fields: HashMap<String, Value>,
    #[prost(message, optional, tag = "4")]
    pub(crate) update_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Value {
    #[prost(oneof = "ValueType", tags = "2, 5, 9, 10, 18")]
    pub(crate) value_type: Option<ValueType>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum ValueType {
    #[prost(int64, tag = "2")]
    Integer(i64),
    /// The name of a document.
    #[prost(string, tag = "5")]
    Reference(String),
    #[prost(message, tag = "9")]
    Array(ArrayValue),
    #[prost(message, tag = "10")]
    Timestamp(Timestamp),
    #[prost(bytes, tag = "18")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    pub(crate) values: Vec<Value>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct DocumentMask {
    #[prost(string, repeated, tag = "1")]
    pub(crate) field_paths: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct BatchGetDocumentsRequest {
    #[prost(string, tag = "1")]
    pub(crate) database: String,
    #[prost(string, repeated, tag = "2")]
    pub(crate) documents: Vec<String>,
    #[prost(message, optional, tag = "3")]
    pub(crate) mask: Option<DocumentMask>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct BatchGetDocumentsResponse {
    #[prost(oneof = "GetResult", tags = "1, 2")]
    pub(crate) result: Option<GetResult>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum GetResult {
    #[prost(message, tag = "1")]
    Found(Document),
    #[prost(string, tag = "2")]
    Missing(String),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Write {
    #[prost(oneof = "Operation", tags = "1, 2")]
    pub(crate) operation: Option<Operation>,
    #[prost(message, optional, tag = "4")]
    pub(crate) current_document: Option<Precondition>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum Operation {
    #[prost(message, tag = "1")]
    Update(Document),
    #[prost(string, tag = "2")]
    Delete(String),
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Precondition {
    #[prost(oneof = "Condition", tags = "1, 2")]
    pub(crate) condition: Option<Condition>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Oneof)]
pub(crate) enum Condition {
    #[prost(bool, tag = "1")]
    Exists(bool),
    #[prost(message, tag = "2")]
    UpdateTime(Timestamp),
}

/// Of `CommitRequest` and of `BatchWriteRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Writes {
    #[prost(string, tag = "1")]
    pub(crate) database: String,
    #[prost(message, repeated, tag = "2")]
    pub(crate) writes: Vec<Write>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CommitResponse {
    #[prost(message, repeated, tag = "1")]
    pub(crate) write_results: Vec<WriteResult>,
    #[prost(message, optional, tag = "2")]
    pub(crate) commit_time: Option<Timestamp>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct WriteResult {
    #[prost(message, optional, tag = "1")]
    pub(crate) update_time: Option<Timestamp>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct BatchWriteResponse {
    #[prost(message, repeated, tag = "2")]
    pub(crate) status: Vec<RpcStatus>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RunQueryRequest {
    #[prost(string, tag = "1")]
    pub(crate) parent: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) structured_query: Option<StructuredQuery>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RunQueryResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) document: Option<Document>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StructuredQuery {
    #[prost(message, optional, tag = "1")]
    pub(crate) select: Option<Projection>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) from: Vec<CollectionSelector>,
    #[prost(message, optional, tag = "3")]
    pub(crate) filter: Option<Filter>,
    #[prost(message, repeated, tag = "4")]
    pub(crate) order_by: Vec<Order>,
    #[prost(message, optional, tag = "5")]
    pub(crate) limit: Option<Int32Value>,
    #[prost(message, optional, tag = "7")]
    pub(crate) start_at: Option<QueryCursor>,
    #[prost(message, optional, tag = "8")]
    pub(crate) end_at: Option<QueryCursor>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RunAggregationQueryRequest {
    #[prost(string, tag = "1")]
    pub(crate) parent: String,
    #[prost(message, optional, tag = "2")]
    pub(crate) query: Option<StructuredAggregationQuery>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct StructuredAggregationQuery {
    #[prost(message, optional, tag = "1")]
    pub(crate) structured_query: Option<StructuredQuery>,
    #[prost(message, repeated, tag = "3")]
    pub(crate) aggregations: Vec<Aggregation>,
}

/// Of the kinds of aggregation the one that counts.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Aggregation {
    #[prost(message, optional, tag = "1")]
    pub(crate) count: Option<Count>,
    #[prost(string, tag = "7")]
    pub(crate) alias: String,
}

/// `Aggregation.Count`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Count {
    /// Where counting stops; with it, what it costs.
    #[prost(message, optional, tag = "1")]
    pub(crate) up_to: Option<Int64Value>,
}

/// `google.protobuf.Int64Value`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Int64Value {
    #[prost(int64, tag = "1")]
    pub(crate) value: i64,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct RunAggregationQueryResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) result: Option<AggregationResult>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct AggregationResult {
    #[prost(map = "string, message", tag = "2")]
    pub(crate) aggregate_fields: HashMap<String, Value>,
}

/// `StructuredQuery.Order`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Order {
    #[prost(message, optional, tag = "1")]
    pub(crate) field: Option<FieldReference>,
    /// `StructuredQuery.Direction`: 1 is ascending.
    #[prost(int32, tag = "2")]
    pub(crate) direction: i32,
}

/// `google.protobuf.Int32Value`.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct Int32Value {
    #[prost(int32, tag = "1")]
    pub(crate) value: i32,
}

/// `Cursor`: a place in the order of a query.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct QueryCursor {
    #[prost(message, repeated, tag = "1")]
    pub(crate) values: Vec<Value>,
    /// Whether the place is before what has these values, or behind it.
    #[prost(bool, tag = "2")]
    pub(crate) before: bool,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Projection {
    #[prost(message, repeated, tag = "2")]
    pub(crate) fields: Vec<FieldReference>,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct CollectionSelector {
    #[prost(string, tag = "2")]
    pub(crate) collection_id: String,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct FieldReference {
    #[prost(string, tag = "2")]
    pub(crate) field_path: String,
}

/// Of the kinds of filter the one on a field.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Filter {
    #[prost(message, optional, tag = "2")]
    pub(crate) field_filter: Option<FieldFilter>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct FieldFilter {
    #[prost(message, optional, tag = "1")]
    pub(crate) field: Option<FieldReference>,
    #[prost(enumeration = "Comparison", tag = "2")]
    pub(crate) op: i32,
    #[prost(message, optional, tag = "3")]
    pub(crate) value: Option<Value>,
}

/// `StructuredQuery.FieldFilter.Operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum Comparison {
    Unspecified = 0,
    ArrayContains = 7,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct ListenRequest {
    #[prost(string, tag = "1")]
    pub(crate) database: String,
    #[prost(oneof = "TargetCommand", tags = "2, 3")]
    pub(crate) command: Option<TargetCommand>,
}

#[derive(Clone, PartialEq, Eq, prost::Oneof)]
pub(crate) enum TargetCommand {
    #[prost(message, tag = "2")]
    Add(Target),
    #[prost(int32, tag = "3")]
    Remove(i32),
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct Target {
    #[prost(message, optional, tag = "3")]
    pub(crate) documents: Option<DocumentsTarget>,
    #[prost(int32, tag = "5")]
    pub(crate) target_id: i32,
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct DocumentsTarget {
    #[prost(string, repeated, tag = "2")]
    pub(crate) documents: Vec<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct ListenResponse {
    #[prost(oneof = "ListenEvent", tags = "2, 3, 4, 5, 6")]
    pub(crate) event: Option<ListenEvent>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum ListenEvent {
    #[prost(message, tag = "2")]
    Target(TargetChange),
    #[prost(message, tag = "3")]
    Changed(DocumentChange),
    #[prost(message, tag = "4")]
    Deleted(DocumentGone),
    #[prost(message, tag = "5")]
    Filter(ExistenceFilter),
    #[prost(message, tag = "6")]
    Removed(DocumentGone),
}

#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct TargetChange {
    #[prost(enumeration = "TargetChangeType", tag = "1")]
    pub(crate) change: i32,
    #[prost(int32, repeated, tag = "2")]
    pub(crate) target_ids: Vec<i32>,
    #[prost(message, optional, tag = "3")]
    pub(crate) cause: Option<RpcStatus>,
}

/// `TargetChange.TargetChangeType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub(crate) enum TargetChangeType {
    NoChange = 0,
    Add = 1,
    Remove = 2,
    Current = 3,
    Reset = 4,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct DocumentChange {
    #[prost(message, optional, tag = "1")]
    pub(crate) document: Option<Document>,
}

/// Of `DocumentDelete` and of `DocumentRemove`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct DocumentGone {
    #[prost(string, tag = "1")]
    pub(crate) document: String,
}

/// How many documents a target has.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct ExistenceFilter {
    #[prost(int32, tag = "1")]
    pub(crate) target_id: i32,
    #[prost(int32, tag = "2")]
    pub(crate) count: i32,
}

/// `google.firestore.admin.v1.GetFieldRequest`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct GetFieldRequest {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
}

/// `google.firestore.admin.v1.Field`.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(crate) struct AdminField {
    #[prost(message, optional, tag = "3")]
    pub(crate) ttl_config: Option<TtlConfig>,
}

#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub(crate) struct TtlConfig {
    #[prost(int32, tag = "1")]
    pub(crate) state: i32,
}
