//! A database of places for a few addresses, written for a test (`MaxMind` DB File Format Specification 2.0).

use std::net::Ipv4Addr;

/// A value of the data section.
pub enum Data {
    Map(Vec<(&'static str, Data)>),
    Text(&'static str),
    U16(u16),
    U32(u32),
    U64(u64),
    List(Vec<Data>),
}

use Data::{List, Map, Text, U16, U32, U64};

impl Data {
    fn write(&self, out: &mut Vec<u8>) {
        // A control byte: the type in the upper three bits (nought: it is the next byte, less seven), then the size.
        let head = |out: &mut Vec<u8>, kind: u8, size: usize| {
            let (kind, extended) = if kind > 7 { (0, Some(kind - 7)) } else { (kind << 5, None) };
            let (low, more) = if size < 29 { (size, None) } else { (29, Some(size - 29)) };
            out.push(kind | u8::try_from(low).unwrap());
            out.extend(extended);
            out.extend(more.map(|more| u8::try_from(more).unwrap()));
        };
        match self {
            Text(text) => {
                head(out, 2, text.len());
                out.extend(text.as_bytes());
            }
            U16(number) => {
                head(out, 5, 2);
                out.extend(number.to_be_bytes());
            }
            U32(number) => {
                head(out, 6, 4);
                out.extend(number.to_be_bytes());
            }
            U64(number) => {
                head(out, 9, 8);
                out.extend(number.to_be_bytes());
            }
            Map(members) => {
                head(out, 7, members.len());
                for (key, value) in members {
                    Text(key).write(out);
                    value.write(out);
                }
            }
            List(items) => {
                head(out, 11, items.len());
                for item in items {
                    item.write(out);
                }
            }
        }
    }
}

/// A database of this type, of single IPv4 addresses.
pub fn database(kind: &'static str, entries: &[(Ipv4Addr, Data)]) -> Vec<u8> {
    // A node is two records: a node's number, the number of nodes for nothing, or more for data. Nought: not yet known.
    let mut nodes: Vec<[Result<usize, usize>; 2]> = vec![[Ok(0); 2]];
    let mut data = Vec::new();
    for (address, value) in entries {
        let bits = u32::from(*address);
        let mut at = 0;
        for depth in (0..32).rev() {
            let side = (bits >> depth & 1) as usize;
            if depth == 0 {
                nodes[at][side] = Err(data.len());
            } else {
                if nodes[at][side] == Ok(0) {
                    nodes.push([Ok(0); 2]);
                    nodes[at][side] = Ok(nodes.len() - 1);
                }
                at = nodes[at][side].unwrap();
            }
        }
        value.write(&mut data);
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for record in nodes.iter().flatten() {
        let number = match record {
            Ok(0) => count,
            Ok(node) => *node,
            Err(offset) => count + 16 + offset,
        };
        file.extend(u32::try_from(number).unwrap().to_be_bytes());
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    Map(vec![
        ("binary_format_major_version", U16(2)),
        ("binary_format_minor_version", U16(0)),
        ("build_epoch", U64(1_700_000_000)),
        ("database_type", Text(kind)),
        ("description", Map(vec![("en", Text("of a test"))])),
        ("ip_version", U16(4)),
        ("languages", List(vec![Text("en")])),
        ("node_count", U32(u32::try_from(count).unwrap())),
        ("record_size", U16(32)),
    ])
    .write(&mut file);
    file
}
