//! Values as Go's reflection sees them: what a template reads, passes on and prints.

use std::cell::{Ref, RefCell, RefMut};
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::gotemplate::function::Fault;

/// A Go string: bytes, usually but not always UTF-8, cheap to clone.
pub type Text = Arc<[u8]>;

/// A Go value.
///
/// Lists and maps are shared as they are in Go: a template that calls `set` on one changes it for
/// everyone who holds it.
#[derive(Clone, Default)]
pub enum Value {
    /// No value at all, the zero `reflect.Value`; prints as `<no value>`.
    #[default]
    Invalid,
    /// An interface that holds nil.
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(i64),
    /// `int64`
    Int64(i64),
    /// `uint8`, what `index` takes out of a string
    Uint8(u8),
    /// `uint64`
    Uint64(u64),
    /// `float64`, what every number of a YAML or JSON document is
    Float(f64),
    /// `complex128`
    Complex(f64, f64),
    /// `string`
    Str(Text),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// An integer of a named type that prints as a word, such as `time.Month`.
    Named(Rc<Named>),
    /// A struct with methods, such as `time.Time`.
    Object(Rc<dyn Object>),
}

/// An integer of a named type, such as `time.Month(2)`, printed as `February`.
#[derive(Debug, PartialEq)]
pub struct Named {
    /// The name of the type, as Go prints it.
    pub type_name: &'static str,
    /// The kind beneath, `int` or `int64`.
    pub kind: &'static str,
    /// The number itself.
    pub number: i64,
    /// What `%v` prints.
    pub text: String,
}

/// A struct that templates meet as an opaque thing with methods.
pub trait Object {
    /// The type, as `%T` prints it.
    fn type_name(&self) -> &'static str;

    /// The kind, as `kindOf` prints it: `struct` or `ptr`.
    fn kind(&self) -> &'static str {
        "struct"
    }

    /// What `%v` prints.
    fn print(&self) -> String;

    /// What `toString` makes of it: the same as [`Object::print`] unless the type has no `String` method.
    fn text(&self) -> String {
        self.print()
    }

    /// What `json.Marshal` makes of it.
    fn json(&self) -> String;

    /// The exported field or the result of the method `name`; `None` when there is neither.
    fn member(&self, name: &str, arguments: &[Value]) -> Option<Result<Value, Fault>>;

    /// Whether the other is equal in the sense of Go's `==`.
    fn equals(&self, other: &dyn Object) -> bool;

    /// For downcasts.
    fn as_any(&self) -> &dyn std::any::Any;
}

/// The element type of a [`List`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elem {
    /// `[]interface {}`
    Any,
    /// `[]string`
    Str,
    /// `[]int`
    Int,
    /// `[]uint8`
    Byte,
    /// `[][]interface {}`
    AnyList,
    /// `[]map[string]interface {}`
    AnyMap,
}

/// A Go slice.
#[derive(Clone)]
pub struct List(Rc<ListCell>);

struct ListCell {
    elem: Elem,
    nil: bool,
    items: RefCell<Vec<Value>>,
}

/// The element type of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapElem {
    /// `map[string]interface {}`
    Any,
    /// `map[string]string`
    Str,
    /// A map of another type, by the name of the whole type; functions that want an untyped map refuse it.
    Other(&'static str),
}

/// A Go map whose keys are strings, kept in the order in which templates see it.
#[derive(Clone)]
pub struct Map(Rc<MapCell>);

struct MapCell {
    elem: MapElem,
    nil: bool,
    entries: RefCell<BTreeMap<Text, Value>>,
}

impl List {
    /// A slice of `elem` that holds `items`.
    pub fn new(elem: Elem, items: Vec<Value>) -> List {
        List(Rc::new(ListCell { elem, nil: false, items: RefCell::new(items) }))
    }

    /// The nil slice of `elem`: empty, and `null` in JSON.
    pub fn nil(elem: Elem) -> List {
        List(Rc::new(ListCell { elem, nil: true, items: RefCell::new(Vec::new()) }))
    }

    /// The element type.
    pub fn elem(&self) -> Elem {
        self.0.elem
    }

    /// Whether this is the nil slice.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.0.items.borrow().len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The element at `index`.
    pub fn get(&self, index: usize) -> Option<Value> {
        self.0.items.borrow().get(index).cloned()
    }

    /// The elements, for reading.
    pub fn items(&self) -> Ref<'_, Vec<Value>> {
        self.0.items.borrow()
    }

    /// The elements, for changing in place.
    pub(super) fn items_mut(&self) -> RefMut<'_, Vec<Value>> {
        self.0.items.borrow_mut()
    }

    /// A copy of the elements.
    pub fn to_vec(&self) -> Vec<Value> {
        self.0.items.borrow().clone()
    }

    pub(super) fn same(&self, other: &List) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Map {
    /// An empty `map[string]interface {}`.
    pub fn new() -> Map {
        Map::from_entries(MapElem::Any, BTreeMap::new())
    }

    /// An empty `map[string]string`.
    pub fn of_strings() -> Map {
        Map::from_entries(MapElem::Str, BTreeMap::new())
    }

    /// The nil `map[string]interface {}`.
    pub fn nil() -> Map {
        Map(Rc::new(MapCell { elem: MapElem::Any, nil: true, entries: RefCell::default() }))
    }

    /// A map of these entries.
    pub fn from_entries(elem: MapElem, entries: BTreeMap<Text, Value>) -> Map {
        Map(Rc::new(MapCell { elem, nil: false, entries: RefCell::new(entries) }))
    }

    /// The element type.
    pub fn elem(&self) -> MapElem {
        self.0.elem
    }

    /// Whether this is a `map[string]interface {}`.
    pub fn is_untyped(&self) -> bool {
        self.0.elem == MapElem::Any
    }

    /// Whether this is the nil map.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.entries.borrow().len()
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of `key`.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.0.entries.borrow().get(key).cloned()
    }

    /// Whether there is an entry for `key`.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.0.entries.borrow().contains_key(key)
    }

    /// Sets the value of `key`.
    pub fn insert(&self, key: impl Into<Text>, value: Value) {
        // The value that was there may be the last hold on a map that holds this one.
        let old = self.0.entries.borrow_mut().insert(key.into(), value);
        drop(old);
    }

    /// Sets the value of a key that is text.
    pub fn insert_str(&self, key: &str, value: Value) {
        self.insert(key.as_bytes(), value);
    }

    /// Takes `key` out.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.0.entries.borrow_mut().remove(key)
    }

    /// The entries, for reading.
    pub fn entries(&self) -> Ref<'_, BTreeMap<Text, Value>> {
        self.0.entries.borrow()
    }

    /// A map of the same entries that can be changed on its own; values are shared.
    pub fn shallow_copy(&self) -> Map {
        Map::from_entries(self.0.elem, self.0.entries.borrow().clone())
    }

    pub(super) fn same(&self, other: &Map) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Default for Map {
    fn default() -> Map {
        Map::new()
    }
}

impl Value {
    /// A string.
    pub fn text(text: impl AsRef<[u8]>) -> Value {
        Value::Str(Arc::from(text.as_ref()))
    }

    /// A `[]interface {}`.
    pub fn list(items: Vec<Value>) -> Value {
        Value::List(List::new(Elem::Any, items))
    }

    /// A `[]string`.
    pub fn strings<T: AsRef<[u8]>>(items: impl IntoIterator<Item = T>) -> Value {
        Value::List(List::new(Elem::Str, items.into_iter().map(Value::text).collect()))
    }

    /// Whether there is nothing here: no value, or an interface that holds nil.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Value::Invalid | Value::Nil)
    }

    /// The string, when it is one.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The string, when it is one and valid UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        self.as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The map, when it is one.
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, when it is one.
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// What a JSON document is to a template: objects as `map[string]interface {}`, numbers as `float64`.
    pub fn from_json(json: &serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(value) => Value::Bool(*value),
            serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            serde_json::Value::String(text) => Value::text(text),
            serde_json::Value::Array(items) => Value::list(items.iter().map(Value::from_json).collect()),
            serde_json::Value::Object(fields) => {
                let entries = fields
                    .iter()
                    .map(|(key, value)| (Text::from(key.as_bytes()), Value::from_json(value)))
                    .collect();
                Value::Map(Map::from_entries(MapElem::Any, entries))
            }
        }
    }

    /// The type, as `%T` prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Invalid | Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint8(_) => "uint8",
            Value::Uint64(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Complex(..) => "complex128",
            Value::Str(_) => "string",
            Value::List(list) => match list.elem() {
                Elem::Any => "[]interface {}",
                Elem::Str => "[]string",
                Elem::Int => "[]int",
                Elem::Byte => "[]uint8",
                Elem::AnyList => "[][]interface {}",
                Elem::AnyMap => "[]map[string]interface {}",
            },
            Value::Map(map) => match map.elem() {
                MapElem::Any => "map[string]interface {}",
                MapElem::Str => "map[string]string",
                MapElem::Other(name) => name,
            },
            Value::Named(named) => named.type_name,
            Value::Object(object) => object.type_name(),
        }
    }

    /// The kind, as `kindOf` prints it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Invalid | Value::Nil => "invalid",
            Value::List(_) => "slice",
            Value::Map(_) => "map",
            Value::Named(named) => named.kind,
            Value::Object(object) => object.kind(),
            other => other.type_name(),
        }
    }

    /// Whether `if` takes it for true.
    pub fn truth(&self) -> bool {
        match self {
            Value::Invalid | Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(number) | Value::Int64(number) => *number != 0,
            Value::Uint8(number) => *number != 0,
            Value::Uint64(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Value::Str(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Named(named) => named.number != 0,
            Value::Object(_) => true,
        }
    }

    /// The bytes this value holds of its own, roughly; what the memory limit counts.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Str(text) => text.len(),
            Value::List(list) => list.len() * std::mem::size_of::<Value>(),
            Value::Map(map) => map.len() * 2 * std::mem::size_of::<Value>(),
            _ => 0,
        }
    }

    fn is_container(&self) -> bool {
        matches!(self, Value::List(_) | Value::Map(_))
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = Vec::new();
        let printed = crate::gotemplate::print::print(&mut out, self);
        match printed {
            Ok(()) => write!(f, "{}({})", self.type_name(), String::from_utf8_lossy(&out)),
            Err(_) => write!(f, "{}(…)", self.type_name()),
        }
    }
}

// A template may nest values deeper than the stack is: they are taken apart one by one.
impl Drop for ListCell {
    fn drop(&mut self) {
        take_apart(std::mem::take(self.items.get_mut()));
    }
}

impl Drop for MapCell {
    fn drop(&mut self) {
        let entries = std::mem::take(self.entries.get_mut());
        if entries.values().any(Value::is_container) {
            take_apart(entries.into_values().collect());
        }
    }
}

fn take_apart(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        match value {
            Value::List(List(cell)) => {
                if let Ok(mut cell) = Rc::try_unwrap(cell) {
                    pending.append(cell.items.get_mut());
                }
            }
            Value::Map(Map(cell)) => {
                if let Ok(mut cell) = Rc::try_unwrap(cell) {
                    pending.extend(std::mem::take(cell.entries.get_mut()).into_values());
                }
            }
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_what_is_nested_deeper_than_the_stack() {
        let mut value = Value::Nil;
        for level in 0..1_000_000 {
            value = if level % 2 == 0 {
                Value::list(vec![value])
            } else {
                let map = Map::new();
                map.insert_str("a", value);
                Value::Map(map)
            };
        }
        drop(value);
    }
}
