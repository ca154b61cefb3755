//! What is in the database: the names of documents, and their fields.
//!
//! | document | name | fields |
//! |---|---|---|
//! | a session | its handle | `record`, `summary`, `owners`, `began`, `deadline`, `expire` |
//! | a limited principal | `limit-` and the owner key | `owners`, `turn`, `expire` |
//!
//! `owners` is the index: it changes in the same atomic write as the record, so that the two
//! cannot disagree. A principal's document carries the principal's own key, so that one query gives
//! the sessions and it. What a limit has to know of a session is in `began` and `deadline`, so that
//! a sign-in reads no one's data; what a list shows of it is in `summary`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::{
    Handle, OwnerKey, Record, SessionSummary, StoreError, StoreErrorKind, Timestamp,
};

use crate::message::Timestamp as UpdateTime;
use crate::message::{
    Aggregation, ArrayValue, CollectionSelector, Comparison, Condition, Count, Document,
    FieldFilter, FieldReference, Filter, Int32Value, Int64Value, Operation, Order, Precondition,
    Projection, QueryCursor, RunAggregationQueryRequest, RunQueryRequest,
    StructuredAggregationQuery, StructuredQuery, Value, ValueType, Write,
};

const RECORD: &str = "record";
const SUMMARY: &str = "summary";
pub(crate) const OWNERS: &str = "owners";
const BEGAN: &str = "began";
const DEADLINE: &str = "deadline";
const TURN: &str = "turn";
/// The field that the TTL policy is for.
pub(crate) const EXPIRE: &str = "expire";

/// By this the names of documents are asked for.
const NAME: &str = "__name__";

/// `StructuredQuery.Direction`.
const ASCENDING: i32 = 1;

const LIMIT_PREFIX: &str = "limit-";

/// How long after its deadline a document may be deleted by the TTL policy: clocks differ.
const MARGIN: Duration = Duration::from_secs(60 * 60);

/// The latest time that a timestamp can be in the database: the end of the year 9999.
const LATEST_SECOND: u64 = 253_402_300_799;

/// The largest record that fits beside the rest of a document, whose limit is one mebibyte.
pub(crate) const MAX_RECORD_SIZE: usize = (1 << 20) - (4 << 10);

/// Makes names of documents, and reads them.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// `projects/P/databases/D`.
    pub(crate) database: String,
    collection: String,
    /// `DATABASE/documents/COLLECTION/`.
    folder: String,
}

/// Which fields a query reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Select {
    /// What a list shows.
    Summaries,
    /// What a limit has to know.
    Places,
    /// None: names and update times come in any case.
    Names,
}

/// A part of an owner's documents, which are sorted by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Range {
    /// Those behind this session.
    pub(crate) behind: Option<Handle>,
    /// Those up to this session.
    pub(crate) until: Option<Handle>,
    /// So many at the most.
    pub(crate) most: Option<usize>,
}

/// A document among those of an owner.
#[derive(Debug)]
pub(crate) enum Member {
    Session {
        handle: Handle,
        document: Document,
        update_time: UpdateTime,
    },
    /// The document by which a principal's sign-ins take turns.
    Limit { update_time: UpdateTime },
}

impl Layout {
    pub(crate) fn new(project: &str, database: &str, collection: &str) -> Self {
        let database = format!("projects/{project}/databases/{database}");
        Self {
            folder: format!("{database}/documents/{collection}/"),
            collection: collection.to_owned(),
            database,
        }
    }

    /// The collection's field as the administration of the database names it.
    pub(crate) fn field(&self, name: &str) -> String {
        let (database, collection) = (&self.database, &self.collection);
        format!("{database}/collectionGroups/{collection}/fields/{name}")
    }

    pub(crate) fn collection(&self) -> &str {
        &self.collection
    }

    pub(crate) fn session(&self, handle: Handle) -> String {
        format!("{}{handle}", self.folder)
    }

    /// The session whose document has this name.
    pub(crate) fn handle(&self, name: &str) -> Option<Handle> {
        name.strip_prefix(&self.folder)?.parse().ok()
    }

    fn limit(&self, owner: &OwnerKey) -> String {
        let mut name = format!("{}{LIMIT_PREFIX}", self.folder);
        for byte in owner.as_bytes() {
            name.push_str(&format!("{byte:02x}"));
        }
        name
    }

    /// The write that puts a record into the database, on this condition.
    pub(crate) fn keep(&self, record: &Record, condition: Condition) -> Write {
        let deadline = deadline_of(record);
        let owners = record.owners().map(|owner| bytes(owner.as_bytes()));
        let encoded = record.encode();
        // The data comes last.
        let summary = &encoded[..encoded.len() - record.data().size()];
        // A longer one, with many names, could leave no room for the largest record.
        let summary = match summary.len() {
            0..=SessionSummary::USUAL_SIZE => bytes(summary),
            _ => bytes(b""),
        };
        let fields = [
            (SUMMARY, summary),
            (RECORD, bytes(&encoded)),
            (OWNERS, array(owners.collect())),
            (BEGAN, millis(record.created_at())),
            (DEADLINE, millis(deadline)),
            (EXPIRE, expire(deadline)),
        ];
        update(self.session(record.handle()), fields, condition)
    }

    /// The write by which a record takes its turn at a principal's limit. Its bytes are new each
    /// time: a write that changes nothing would leave the update time as it was.
    pub(crate) fn take_turn(
        &self,
        owner: &OwnerKey,
        record: &Record,
        condition: Condition,
    ) -> Write {
        let fields = [
            (OWNERS, array(vec![bytes(owner.as_bytes())])),
            (TURN, bytes(&record.revision().to_bytes())),
            (EXPIRE, expire(record.absolute_deadline())),
        ];
        update(self.limit(owner), fields, condition)
    }

    /// The write that ends a session, on this condition.
    pub(crate) fn end(&self, handle: Handle, condition: Condition) -> Write {
        Write {
            operation: Some(Operation::Delete(self.session(handle))),
            current_document: Some(when(condition)),
        }
    }

    /// The question for documents of an owner, or for all, sorted by name: that order needs no index of its own.
    pub(crate) fn of_owner(
        &self,
        owner: Option<&OwnerKey>,
        select: Select,
        range: Range,
    ) -> RunQueryRequest {
        let select = match select {
            Select::Summaries => vec![field(SUMMARY)],
            Select::Places => vec![field(BEGAN), field(DEADLINE)],
            Select::Names => vec![field(NAME)],
        };
        let place = |handle| QueryCursor {
            values: vec![of_type(ValueType::Reference(self.session(handle)))],
            before: false,
        };
        let query = StructuredQuery {
            select: Some(Projection { fields: select }),
            order_by: vec![Order {
                field: Some(field(NAME)),
                direction: ASCENDING,
            }],
            start_at: range.behind.map(place),
            end_at: range.until.map(place),
            limit: range.most.map(|most| Int32Value {
                value: i32::try_from(most).unwrap_or(i32::MAX),
            }),
            ..match owner {
                Some(owner) => self.filtered(owner),
                None => self.unfiltered(),
            }
        };
        RunQueryRequest {
            parent: self.parent(),
            structured_query: Some(query),
        }
    }

    /// The question how many documents an owner has, as far as it is asked.
    pub(crate) fn count_of_owner(
        &self,
        owner: &OwnerKey,
        up_to: usize,
    ) -> RunAggregationQueryRequest {
        let up_to = Int64Value {
            value: i64::try_from(up_to).unwrap_or(i64::MAX),
        };
        let count = Aggregation {
            count: Some(Count { up_to: Some(up_to) }),
            alias: "count".to_owned(),
        };
        RunAggregationQueryRequest {
            parent: self.parent(),
            query: Some(StructuredAggregationQuery {
                structured_query: Some(self.filtered(owner)),
                aggregations: vec![count],
            }),
        }
    }

    fn filtered(&self, owner: &OwnerKey) -> StructuredQuery {
        let filter = FieldFilter {
            field: Some(field(OWNERS)),
            op: Comparison::ArrayContains.into(),
            value: Some(bytes(owner.as_bytes())),
        };
        StructuredQuery {
            filter: Some(Filter {
                field_filter: Some(filter),
            }),
            ..self.unfiltered()
        }
    }

    fn unfiltered(&self) -> StructuredQuery {
        StructuredQuery {
            from: vec![CollectionSelector {
                collection_id: self.collection.clone(),
            }],
            ..StructuredQuery::default()
        }
    }

    fn parent(&self) -> String {
        format!("{}/documents", self.database)
    }

    /// What a document among those of an owner is; `None` if it is none of ours.
    pub(crate) fn member(&self, document: Document) -> Option<Member> {
        let update_time = document.update_time?;
        if let Some(handle) = self.handle(&document.name) {
            return Some(Member::Session {
                handle,
                document,
                update_time,
            });
        }
        let id = document.name.strip_prefix(&self.folder)?;
        id.starts_with(LIMIT_PREFIX)
            .then_some(Member::Limit { update_time })
    }
}

/// The record in a document, with its update time as the stamp.
pub(crate) fn read_record(handle: Handle, document: Document) -> Result<Arc<Record>, StoreError> {
    let (Some(ValueType::Bytes(encoded)), Some(update_time)) =
        (value(&document, RECORD), document.update_time)
    else {
        let missing = "the document of a session has no record";
        return Err(StoreError::with_source(StoreErrorKind::Unreadable, missing));
    };
    match Record::decode(handle, encoded) {
        Ok(record) => Ok(Arc::new(record.with_stamp(stamp(update_time)))),
        Err(error) => Err(StoreError::with_source(StoreErrorKind::Unreadable, error)),
    }
}

/// What a list shows of a session, in its document; `None` if it is not there, or damaged.
pub(crate) fn read_summary(handle: Handle, document: &Document) -> Option<SessionSummary> {
    match value(document, SUMMARY)? {
        ValueType::Bytes(summary) => SessionSummary::decode(handle, summary),
        _ => None,
    }
}

/// When a session began and when it ends, in the document of a session; `None` if it is damaged.
pub(crate) fn read_place(document: &Document) -> Option<(Timestamp, Timestamp)> {
    let millis = |name| match value(document, name)? {
        ValueType::Integer(millis) => u64::try_from(*millis).ok().map(Timestamp::from_millis),
        _ => None,
    };
    Some((millis(BEGAN)?, millis(DEADLINE)?))
}

/// An update time as the stamp of a record.
pub(crate) fn stamp(time: UpdateTime) -> [u8; 12] {
    let mut stamp = [0; 12];
    stamp[..8].copy_from_slice(&time.seconds.to_be_bytes());
    stamp[8..].copy_from_slice(&time.nanos.to_be_bytes());
    stamp
}

/// The update time of the document that a record was loaded from, if it was.
pub(crate) fn update_time(record: &Record) -> Option<UpdateTime> {
    let (seconds, nanos) = record.stamp()?.split_first_chunk()?;
    Some(UpdateTime {
        seconds: i64::from_be_bytes(*seconds),
        nanos: i32::from_be_bytes(nanos.try_into().ok()?),
    })
}

fn deadline_of(record: &Record) -> Timestamp {
    record.idle_deadline().min(record.absolute_deadline())
}

fn value<'d>(document: &'d Document, name: &str) -> Option<&'d ValueType> {
    document.fields.get(name)?.value_type.as_ref()
}

fn update<const N: usize>(name: String, fields: [(&str, Value); N], condition: Condition) -> Write {
    let fields: HashMap<_, _> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    Write {
        operation: Some(Operation::Update(Document {
            name,
            fields,
            update_time: None,
        })),
        current_document: Some(when(condition)),
    }
}

fn when(condition: Condition) -> Precondition {
    Precondition {
        condition: Some(condition),
    }
}

fn field(path: &str) -> FieldReference {
    FieldReference {
        field_path: path.to_owned(),
    }
}

fn bytes(bytes: &[u8]) -> Value {
    of_type(ValueType::Bytes(bytes.to_vec()))
}

fn array(values: Vec<Value>) -> Value {
    of_type(ValueType::Array(ArrayValue { values }))
}

/// A time in milliseconds; later ones than there are numbers for are the last.
fn millis(time: Timestamp) -> Value {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    of_type(ValueType::Integer(millis))
}

/// When the TTL policy may delete a document that is not needed after this time.
fn expire(deadline: Timestamp) -> Value {
    let millis = (deadline + MARGIN).as_millis();
    let seconds = (millis / 1000).min(LATEST_SECOND);
    of_type(ValueType::Timestamp(UpdateTime {
        seconds: i64::try_from(seconds).unwrap_or_default(),
        nanos: 0,
    }))
}

fn of_type(value: ValueType) -> Value {
    Value {
        value_type: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use certsession_core::Owner;
    use certsession_core::test_util::SampleRecord;
    use prost::Message;

    fn layout() -> Layout {
        Layout::new("shop", "(default)", "sessions")
    }

    fn document(write: Write) -> Document {
        let Some(Operation::Update(mut document)) = write.operation else {
            panic!("{write:?}");
        };
        document.update_time = Some(UpdateTime {
            seconds: 7,
            nanos: 8,
        });
        document
    }

    #[test]
    fn a_record_is_read_as_it_was_kept_with_the_update_time_as_its_stamp() {
        let record = SampleRecord::new(1).principal("alice").build();
        let document = document(layout().keep(&record, Condition::Exists(false)));
        assert_eq!(
            read_place(&document),
            Some((record.created_at(), record.idle_deadline()))
        );
        let Some(Member::Session { handle, .. }) = layout().member(document.clone()) else {
            panic!("{document:?}");
        };
        assert_eq!(handle, record.handle());
        let read = read_record(handle, document.clone()).unwrap();
        assert_eq!(read, record);
        let summary = read_summary(handle, &document);
        assert_eq!(summary, Some(SessionSummary::from(&*record)));
        assert_eq!(update_time(&read), document.update_time);
        assert_eq!(update_time(&record), None);
    }

    #[test]
    fn a_principals_turn_is_among_the_principals_documents_and_no_session() {
        let record = SampleRecord::new(1).principal("alice").build();
        let owner = Owner::principal("alice").unwrap().key();
        let turn = layout().take_turn(&owner, &record, Condition::Exists(false));
        let turn = document(turn);
        assert!(turn.name.contains("/documents/sessions/limit-"));
        assert!(matches!(layout().member(turn), Some(Member::Limit { .. })));
    }

    #[test]
    fn the_largest_record_fits_into_a_document_of_one_mebibyte() {
        // 1,500 bytes are the longest that a collection's name can be.
        let layout = Layout::new("shop", "(default)", &"c".repeat(1500));
        let record = SampleRecord::new(1).principal("alice").build();
        let rest = layout.keep(&record, Condition::Exists(false)).encoded_len();
        assert!(rest - record.encode().len() + 100 < (1 << 20) - MAX_RECORD_SIZE);
    }

    #[test]
    fn a_deadline_beyond_all_calendars_is_kept_as_the_last_day() {
        let Some(ValueType::Timestamp(last)) = expire(Timestamp::MAX).value_type else {
            panic!("no timestamp");
        };
        assert_eq!(last.seconds, 253_402_300_799);
    }

    #[test]
    fn a_document_without_a_record_is_unreadable_and_not_absent() {
        let handle = SampleRecord::new(1).build().handle();
        let document = Document {
            name: layout().session(handle),
            fields: HashMap::new(),
            update_time: Some(UpdateTime::default()),
        };
        let error = read_record(handle, document).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unreadable);
    }
}
