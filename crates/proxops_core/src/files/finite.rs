//! Finds numbers that JSON cannot hold, and the fields they stand in.

use std::fmt::{self, Display};

use serde::{Serialize, Serializer, ser};

/// A number that is not finite, and where it stands.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} = {value} is not a finite number")]
pub struct NotFinite {
    /// Names of the fields that lead to it, joined by dots.
    pub field: String,
    /// The number.
    pub value: String,
}

/// Visits every number of `value`.
///
/// # Errors
/// The first that is not finite.
pub(super) fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), NotFinite> {
    value.serialize(&mut Visitor::default())
}

impl ser::Error for NotFinite {
    fn custom<T: Display>(message: T) -> Self {
        Self { field: message.to_string(), value: String::new() }
    }
}

/// Where the visit is.
#[derive(Default)]
struct Visitor {
    path: Vec<String>,
}

impl Visitor {
    fn number(&self, value: f64) -> Result<(), NotFinite> {
        if value.is_finite() {
            return Ok(());
        }
        let field = if self.path.is_empty() { "the value".to_owned() } else { self.path.join(".") };
        Err(NotFinite { field, value: value.to_string() })
    }

    fn within<T: Serialize + ?Sized>(&mut self, name: impl fmt::Display, value: &T) -> Result<(), NotFinite> {
        self.path.push(name.to_string());
        value.serialize(&mut *self)?;
        self.path.pop();
        Ok(())
    }
}

/// A list or a map that is visited.
struct Items<'a> {
    visitor: &'a mut Visitor,
    count: usize,
    key: String,
}

impl<'a> Items<'a> {
    fn of(visitor: &'a mut Visitor) -> Self {
        Self { visitor, count: 0, key: String::new() }
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
        self.count += 1;
        self.visitor.within(self.count - 1, value)
    }
}

/// Values that hold no fraction.
macro_rules! nothing_to_check {
    ($($method:ident: $type:ty),+ $(,)?) => {
        $(fn $method(self, _value: $type) -> Result<(), NotFinite> { Ok(()) })+
    };
}

impl<'a> Serializer for &'a mut Visitor {
    type Ok = ();
    type Error = NotFinite;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Items<'a>;
    type SerializeTupleVariant = Items<'a>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Items<'a>;

    nothing_to_check! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_char: char,
        serialize_str: &str, serialize_bytes: &[u8], serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Result<(), NotFinite> {
        self.number(f64::from(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), NotFinite> {
        self.number(value)
    }

    fn serialize_none(self) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Result<(), NotFinite> {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), NotFinite> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), NotFinite> {
        self.within(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Items<'a>, NotFinite> {
        Ok(Items::of(self))
    }
}

/// Lists, whose items are named by their numbers.
macro_rules! list {
    ($($list:ident: $method:ident),+ $(,)?) => {
        $(impl ser::$list for Items<'_> {
            type Ok = ();
            type Error = NotFinite;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
                self.item(value)
            }

            fn end(self) -> Result<(), NotFinite> {
                Ok(())
            }
        })+
    };
}

list!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
);

/// Structures, whose items have names.
macro_rules! structure {
    ($($structure:ident),+) => {
        $(impl ser::$structure for Items<'_> {
            type Ok = ();
            type Error = NotFinite;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), NotFinite> {
                self.visitor.within(name, value)
            }

            fn end(self) -> Result<(), NotFinite> {
                Ok(())
            }
        })+
    };
}

structure!(SerializeStruct, SerializeStructVariant);

impl ser::SerializeMap for Items<'_> {
    type Ok = ();
    type Error = NotFinite;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NotFinite> {
        // JSON's keys are texts or whole numbers; whatever else is refused when it is written.
        self.key = serde_json::to_string(key).unwrap_or_default().trim_matches('"').to_owned();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NotFinite> {
        let key = std::mem::take(&mut self.key);
        self.visitor.within(key, value)
    }

    fn end(self) -> Result<(), NotFinite> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::json;
    use super::*;

    #[derive(Serialize)]
    enum Kind {
        Named { rate: f32 },
        Pair(u32, f64),
        Plain,
    }

    #[derive(Serialize)]
    struct Everything {
        name: &'static str,
        nothing: Option<f64>,
        kinds: Vec<Kind>,
        by_name: BTreeMap<String, [f64; 2]>,
    }

    fn everything() -> Everything {
        Everything {
            name: "NaN",
            nothing: None,
            kinds: vec![Kind::Plain, Kind::Named { rate: 0.5 }, Kind::Pair(1, 2.0)],
            by_name: BTreeMap::from([("left".to_owned(), [1.0, f64::MAX])]),
        }
    }

    #[test]
    fn what_is_finite_is_written_as_it_is() {
        assert_eq!(json::to_vec(&everything()).unwrap(), serde_json::to_vec(&everything()).unwrap());
        assert_eq!(json::to_vec_pretty(&3).unwrap(), b"3");
    }

    #[test]
    fn what_is_not_finite_is_refused_and_named() {
        type Spoil = fn(&mut Everything);
        let cases: [(Spoil, &str); 4] = [
            (|all| all.nothing = Some(f64::NAN), "nothing = NaN"),
            (|all| all.kinds[1] = Kind::Named { rate: f32::INFINITY }, "kinds.1.rate = inf"),
            (|all| all.kinds[2] = Kind::Pair(1, f64::NEG_INFINITY), "kinds.2.1 = -inf"),
            (|all| all.by_name = BTreeMap::from([("right".to_owned(), [0.0, f64::NAN])]), "by_name.right.1 = NaN"),
        ];
        for (spoil, expected) in cases {
            let mut all = everything();
            spoil(&mut all);
            let error = json::to_vec(&all).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
