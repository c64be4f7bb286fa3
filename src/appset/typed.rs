//! Reading JSON into Argo CD's Go types and writing it again: unknown fields go, names match in any case of
//! letters, what is empty and may be left out is.

use serde_json::{Map, Value};

use crate::appset::schema::{Presence, Struct, Type};

/// The object as Go would write it after reading it.
///
/// # Errors
///
/// When a field is not of its type.
pub(super) fn round_trip(object: &Value, shape: &'static Struct) -> Result<Value, String> {
    let mut target = Value::Object(Map::new());
    read_struct(&mut target, object, shape, "")?;
    Ok(write(&target, &Type::Struct(shape)))
}

/// Reads into what was read before: a name may come twice, in different cases.
fn read(target: &mut Value, value: &Value, of: &Type, path: &str) -> Result<(), String> {
    match (of, value) {
        // Null leaves a value as it was and clears a pointer, list or map.
        (_, Value::Null) => {
            if !matches!(of, Type::Text | Type::Int | Type::Bool | Type::IntOrText) {
                *target = Value::Null;
            }
        }
        (Type::Json, value) => *target = value.clone(),
        (Type::Text | Type::Word(_), Value::String(_))
        | (Type::Bool, Value::Bool(_))
        | (Type::IntOrText, Value::String(_)) => *target = value.clone(),
        (Type::Int | Type::IntOrText, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            *target = value.clone();
        }
        (Type::List(of), Value::Array(items)) => {
            let mut read_items = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                let mut target = zero(of);
                read(&mut target, item, of, &format!("{path}[{index}]"))?;
                read_items.push(target);
            }
            *target = Value::Array(read_items);
        }
        (Type::Map(of), Value::Object(fields)) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            for (name, item) in fields {
                let mut read_item = zero(of);
                read(&mut read_item, item, of, &format!("{path}.{name}"))?;
                target[name] = read_item;
            }
        }
        (Type::Struct(shape), Value::Object(_)) => {
            if !target.is_object() {
                *target = Value::Object(Map::new());
            }
            read_struct(target, value, shape, path)?;
        }
        _ => return Err(format!("cannot read {path}: it is of another type")),
    }
    Ok(())
}

fn read_struct(target: &mut Value, value: &Value, shape: &Struct, path: &str) -> Result<(), String> {
    let Some(fields) = value.as_object() else {
        return Err(format!("cannot read {path}: it is no object"));
    };
    let mut names: Vec<&String> = fields.keys().collect();
    names.sort();
    for name in names {
        let exact = shape.field(name);
        let folded = || shape.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        let Some(field) = exact.or_else(folded) else {
            continue;
        };
        let pointer = matches!(field.presence, Presence::Kept | Presence::Demanded);
        if pointer && fields[name].is_null() {
            target[field.name] = Value::Null;
            continue;
        }
        let inner = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
        let mut read_value = target.get(field.name).cloned().unwrap_or_else(|| zero(&field.of));
        read(&mut read_value, &fields[name], &field.of, &inner)?;
        target[field.name] = read_value;
    }
    Ok(())
}

fn zero(of: &Type) -> Value {
    match of {
        Type::Text => Value::String(String::new()),
        Type::Int | Type::IntOrText => Value::from(0),
        Type::Bool => Value::Bool(false),
        Type::Struct(_) => Value::Object(Map::new()),
        Type::Json | Type::List(_) | Type::Map(_) | Type::Word(_) => Value::Null,
    }
}

/// Writes a value that was read, as `json.Marshal` writes the Go type.
pub(super) fn write(value: &Value, of: &Type) -> Value {
    match (of, value) {
        (Type::Struct(shape), Value::Object(fields)) => write_struct(fields, shape),
        (Type::List(of), Value::Array(items)) => {
            Value::Array(items.iter().map(|item| write(item, of)).collect())
        }
        (Type::Map(of), Value::Object(fields)) => {
            Value::Object(fields.iter().map(|(name, item)| (name.clone(), write(item, of))).collect())
        }
        (Type::Struct(shape), _) => write_struct(&Map::new(), shape),
        (_, value) => value.clone(),
    }
}

fn write_struct(fields: &Map<String, Value>, shape: &Struct) -> Value {
    let mut out = Map::new();
    for field in shape.fields {
        let value = fields.get(field.name);
        let written = match field.presence {
            Presence::Required | Presence::Written => {
                Some(write(value.unwrap_or(&zero(&field.of)), &field.of))
            }
            Presence::Kept | Presence::Demanded => {
                value.filter(|value| !value.is_null()).map(|value| write(value, &field.of))
            }
            Presence::Omitted => value.map(|value| write(value, &field.of)).filter(|value| !is_empty(value)),
        };
        if let Some(written) = written {
            out.insert(field.name.to_owned(), written);
        }
    }
    // Parameters of plugins are written by hand, with their name in any case.
    if shape.name == "PLUGIN_PARAMETER" {
        out.entry("name").or_insert_with(|| Value::String(String::new()));
    }
    Value::Object(out)
}

/// Whether `omitempty` leaves this out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}
