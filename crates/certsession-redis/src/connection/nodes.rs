//! The servers that hold the keys.

use redis::Value;

/// One of the servers that hold the keys: the only one, or a master of a cluster.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Node {
    /// The identifier of a node of a cluster; zeros for the only server.
    pub(crate) id: [u8; Node::ID_LENGTH],
    /// One of the slots that a node of a cluster serves: by this, commands reach it.
    pub(crate) slot: Option<u16>,
}

impl Node {
    pub(crate) const ID_LENGTH: usize = 20;
}

/// Reads the reply to `CLUSTER SLOTS`: ranges of slots, each with its master first (address, port,
/// identifier, more). Returns the masters, sorted by identifier.
pub(super) fn read(reply: Value) -> Option<Vec<Node>> {
    let Value::Array(ranges) = reply else {
        return None;
    };
    let mut nodes = Vec::new();
    for range in ranges {
        let Value::Array(range) = range else {
            return None;
        };
        let (Value::Int(slot), Value::Array(master)) = (range.first()?, range.get(2)?) else {
            return None;
        };
        nodes.push(Node {
            id: read_id(master.get(2)?)?,
            slot: Some(u16::try_from(*slot).ok()?),
        });
    }
    nodes.sort_unstable_by_key(|node| node.id);
    nodes.dedup_by_key(|node| node.id);
    Some(nodes)
}

/// An identifier has 40 hexadecimal digits.
fn read_id(value: &Value) -> Option<[u8; Node::ID_LENGTH]> {
    let text = match value {
        Value::BulkString(text) => std::str::from_utf8(text).ok()?,
        Value::SimpleString(text) => text,
        _ => return None,
    };
    let mut id = [0; Node::ID_LENGTH];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != id.len() {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(pairs) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn range(first: i64, id: &str) -> Value {
        let master = vec![
            text("10.0.0.1"),
            Value::Int(6379),
            text(id),
            Value::Array(vec![]),
        ];
        Value::Array(vec![
            Value::Int(first),
            Value::Int(first + 9),
            Value::Array(master),
        ])
    }

    #[test]
    fn each_master_is_named_once_in_the_order_of_identifiers() {
        let (a, b) = ("0a".repeat(20), "ff".repeat(20));
        let reply = Value::Array(vec![range(0, &b), range(10, &a), range(20, &b)]);
        let nodes = read(reply).unwrap();
        let ids: Vec<_> = nodes.iter().map(|node| node.id[0]).collect();
        assert_eq!(ids, [0x0a, 0xff]);
        assert_eq!(nodes[0].slot, Some(10));
    }

    #[test]
    fn another_reply_is_not_read() {
        for reply in [
            Value::Nil,
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![range(0, "0a")]),
            Value::Array(vec![range(0, &"zz".repeat(20))]),
            Value::Array(vec![range(-1, &"0a".repeat(20))]),
        ] {
            assert_eq!(read(reply), None);
        }
    }
}
