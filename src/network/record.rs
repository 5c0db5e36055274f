//! What stands in a record of the tensor library, read without trusting it: nothing is allocated but a list of the tensors.

use burn::module::ParamId;

/// Values in a record. A network with the most layers there can be has about 700, its optimiser about 1500.
const MOST_VALUES: usize = 4000;
/// Levels of lists and maps. A network has 6, its optimiser 7.
const DEEPEST: usize = 12;
/// Axes of a tensor.
const MOST_AXES: usize = 6;
/// Characters of a parameter's identity: 64 bits in base 32.
const ID_LEN: usize = 13;

/// A tensor in a record.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StoredTensor<'a> {
    /// Names of the fields that lead to it, outermost first.
    pub keys: Vec<&'a str>,
    /// Identity of the parameter it belongs to, the last that was told before it.
    pub id: &'a str,
    /// Numbers along each axis.
    pub shape: Vec<usize>,
    /// Its numbers, single precision, little endian.
    bytes: &'a [u8],
}

impl StoredTensor<'_> {
    /// Its numbers, one after the other.
    pub fn numbers(&self) -> impl ExactSizeIterator<Item = f32> {
        self.bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// What a message calls it.
    pub fn name(&self) -> String {
        self.keys.iter().filter(|key| !["item", "param"].contains(key)).copied().collect::<Vec<_>>().join(".")
    }

    /// The parameter's identity, if it is one.
    pub fn param_id(&self) -> Option<ParamId> {
        // Longer ones are not expected by the library, which then panics.
        (self.id.len() == ID_LEN).then(|| ParamId::try_deserialize(self.id)).flatten()
    }

    /// Refuses a number that is not finite or further from zero than `limit`.
    pub fn check_numbers(&self, limit: f32) -> Result<(), String> {
        match self.numbers().enumerate().find(|(_, number)| number.is_nan() || number.abs() > limit) {
            None => Ok(()),
            Some((place, number)) => {
                Err(format!("number {place} of {} is {number:e}: accepted are −{limit:e} to {limit:e}", self.name()))
            }
        }
    }
}

/// The tensors of a record, in its order.
///
/// # Errors
/// What keeps it from being a record of tensors in single precision.
pub(crate) fn tensors(record: &[u8]) -> Result<Vec<StoredTensor<'_>>, String> {
    let mut reader = Reader { rest: record, values: 0, keys: Vec::new(), id: "", found: Vec::new() };
    reader.value()?;
    if !reader.rest.is_empty() {
        return Err(format!("{} bytes follow the record", reader.rest.len()));
    }
    Ok(reader.found)
}

/// Reads MessagePack, of which records are made.
struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
    keys: Vec<&'a str>,
    id: &'a str,
    found: Vec<StoredTensor<'a>>,
}

/// One value, lists and maps by the number of what follows.
enum Value<'a> {
    Nothing,
    Whole(u64),
    Text(&'a str),
    Bytes(&'a [u8]),
    List(usize),
    Map(usize),
}

/// The parts of a tensor, as far as they have been met.
#[derive(Default)]
struct Parts<'a> {
    bytes: Option<&'a [u8]>,
    shape: Option<Vec<usize>>,
    kind: Option<&'a str>,
}

impl<'a> Reader<'a> {
    /// A value and all that is in it.
    fn value(&mut self) -> Result<(), String> {
        match self.next()? {
            Value::List(count) => (0..count).try_for_each(|_| self.deeper("", Self::value)),
            Value::Map(count) => self.map(count),
            _ => Ok(()),
        }
    }

    fn map(&mut self, count: usize) -> Result<(), String> {
        let mut parts = Parts::default();
        for _ in 0..count {
            let Value::Text(key) = self.next()? else { return Err("a field has no name".into()) };
            match key {
                "id" => self.id = self.text(key)?,
                "bytes" => parts.bytes = Some(self.bytes(key)?),
                "shape" => parts.shape = Some(self.shape()?),
                "dtype" => parts.kind = Some(self.text(key)?),
                _ => self.deeper(key, Self::value)?,
            }
        }
        match parts {
            Parts { bytes: None, shape: None, kind: None } => Ok(()),
            Parts { bytes: Some(bytes), shape: Some(shape), kind: Some("F32") } => self.tensor(bytes, shape),
            _ => Err("a tensor lacks its shape, its numbers or their kind, or they are not single precision".into()),
        }
    }

    fn tensor(&mut self, bytes: &'a [u8], shape: Vec<usize>) -> Result<(), String> {
        let numbers = shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
        if numbers.and_then(|numbers| numbers.checked_mul(4)) != Some(bytes.len()) {
            return Err(format!("a tensor of shape {shape:?} has {} bytes", bytes.len()));
        }
        let keys = self.keys.iter().copied().filter(|key| !key.is_empty()).collect();
        self.found.push(StoredTensor { keys, id: self.id, shape, bytes });
        Ok(())
    }

    fn deeper(&mut self, key: &'a str, read: fn(&mut Self) -> Result<(), String>) -> Result<(), String> {
        if self.keys.len() == DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST} levels"));
        }
        self.keys.push(key);
        read(self)?;
        self.keys.pop();
        Ok(())
    }

    fn text(&mut self, key: &str) -> Result<&'a str, String> {
        match self.next()? {
            Value::Text(text) => Ok(text),
            _ => Err(format!("{key} is no text")),
        }
    }

    fn bytes(&mut self, key: &str) -> Result<&'a [u8], String> {
        match self.next()? {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(format!("{key} are no bytes")),
        }
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        let wrong = || "a shape is no list of a few numbers".to_owned();
        let Value::List(axes @ 0..=MOST_AXES) = self.next()? else { return Err(wrong()) };
        (0..axes)
            .map(|_| match self.next()? {
                Value::Whole(side) => usize::try_from(side).map_err(|_| wrong()),
                _ => Err(wrong()),
            })
            .collect()
    }

    /// One value, without what follows in a list or a map.
    fn next(&mut self) -> Result<Value<'a>, String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("it has more than {MOST_VALUES} parts"));
        }
        let marker = self.take(1)?[0];
        Ok(match marker {
            0x00..=0x7f => Value::Whole(u64::from(marker)),
            0x80..=0x8f => Value::Map(usize::from(marker & 0x0f)),
            0x90..=0x9f => Value::List(usize::from(marker & 0x0f)),
            0xa0..=0xbf => self.text_of(usize::from(marker & 0x1f))?,
            0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Value::Nothing,
            0xc4..=0xc6 => {
                let length = self.whole(1 << (marker - 0xc4))?;
                Value::Bytes(self.take(length as usize)?)
            }
            0xca | 0xcb => self.skip(4 << (marker - 0xca))?,
            0xcc..=0xcf => Value::Whole(self.whole(1 << (marker - 0xcc))?),
            0xd0..=0xd3 => self.skip(1 << (marker - 0xd0))?,
            0xd9..=0xdb => {
                let length = self.whole(1 << (marker - 0xd9))?;
                self.text_of(length as usize)?
            }
            0xdc | 0xdd => Value::List(self.whole(2 << (marker - 0xdc))? as usize),
            0xde | 0xdf => Value::Map(self.whole(2 << (marker - 0xde))? as usize),
            _ => return Err(format!("{marker:#04x} begins no value that a record has")),
        })
    }

    fn text_of(&mut self, length: usize) -> Result<Value<'a>, String> {
        std::str::from_utf8(self.take(length)?).map(Value::Text).map_err(|_| "a text is not UTF-8".into())
    }

    fn skip(&mut self, length: usize) -> Result<Value<'a>, String> {
        self.take(length).map(|_| Value::Nothing)
    }

    /// Big endian.
    fn whole(&mut self, length: usize) -> Result<u64, String> {
        Ok(self.take(length)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or("it ends in the middle of a value")?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(record: &[u8]) -> String {
        tensors(record).unwrap_err()
    }

    /// A tensor of two numbers under the name "bias".
    fn record(shape: u8, kind: &[u8], numbers: [f32; 2]) -> Vec<u8> {
        let mut record = b"\x81\xa4bias\x82\xa2id\xad1000000000000\xa5param\x83\xa5shape\x91".to_vec();
        record.push(shape);
        record.extend_from_slice(b"\xa5dtype\xa3");
        record.extend_from_slice(kind);
        record.extend_from_slice(b"\xa5bytes\xc4\x08");
        numbers.iter().for_each(|number| record.extend_from_slice(&number.to_le_bytes()));
        record
    }

    #[test]
    fn tensors_are_found_with_name_shape_and_numbers() {
        let record = record(2, b"F32", [0.5, -1.0]);
        let found = tensors(&record).unwrap();
        assert_eq!((found.len(), found[0].name(), &found[0].shape), (1, "bias".to_owned(), &vec![2]));
        assert_eq!(found[0].numbers().collect::<Vec<_>>(), [0.5, -1.0]);
        assert!(found[0].param_id().is_some());
    }

    #[test]
    fn numbers_beyond_the_limit_are_named() {
        for (number, expected) in [(f32::NAN, "NaN"), (f32::NEG_INFINITY, "-inf"), (1e30, "1e30"), (10.5, "1.05e1")] {
            let record = record(2, b"F32", [0.0, number]);
            let reason = tensors(&record).unwrap()[0].check_numbers(10.0).unwrap_err();
            assert!(reason.starts_with(&format!("number 1 of bias is {expected}")), "{reason}");
        }
    }

    #[test]
    fn what_is_no_record_says_why() {
        let sound = record(2, b"F32", [0.0, 0.0]);
        for length in 0..sound.len() {
            assert!(tensors(&sound[..length]).is_err(), "{length}");
        }
        assert!(reason(&[&sound[..], b"\x00"].concat()).contains("1 bytes follow"));
        assert!(reason(&record(3, b"F32", [0.0; 2])).contains("shape [3] has 8 bytes"));
        assert!(reason(&record(1, b"F64", [0.0; 2])).contains("single precision"));
        assert!(reason(&[0x91; 40]).contains("nested deeper"));
        assert!(reason(&[b"\xdd\xff\xff\xff\xff".to_vec(), vec![0; 5000]].concat()).contains("more than 4000"));
        assert!(reason(b"\xc6\xff\xff\xff\xff").contains("ends in the middle"));
        assert!(reason(b"\xc1").contains("0xc1"));
    }
}
