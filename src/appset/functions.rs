//! The functions that Argo CD adds to sprig (`applicationset/utils/template_functions.go` and `utils.go`).

use std::sync::{Arc, LazyLock};

use crate::appset::goyaml;
use crate::gotemplate::{
    Arguments, Budget, Elem, Fault, Function, Functions, List, Map, Type, Value, json, sprig, to_utf8,
};
use crate::yaml;

/// Everything that a template of an ApplicationSet may call.
pub fn functions() -> &'static Functions {
    static ALL: LazyLock<Functions> = LazyLock::new(|| {
        sprig().with(&[
            function("normalize", &[Type::Str], false, |_, a| {
                Ok(Value::text(normalize(&to_utf8(a.text(0)?))))
            }),
            function("slugify", &[Type::Any], true, |_, a| slugify(a)),
            function("toYaml", &[Type::Any], false, to_yaml),
            function("fromYaml", &[Type::Str], false, from_yaml),
            function("fromYamlArray", &[Type::Str], false, from_yaml_array),
        ])
    });
    &ALL
}

type Made = Result<Value, Fault>;

const fn function(
    name: &'static str,
    parameters: &'static [Type],
    variadic: bool,
    call: crate::gotemplate::Call,
) -> Function {
    Function { name, parameters, variadic, call }
}

/// A name as `SanitizeName` makes it: lower case, everything but letters, digits, `-` and `.` a dash, at most
/// 253 bytes, neither `-` nor `.` at the ends.
pub fn normalize(name: &str) -> String {
    const LONGEST: usize = 253;
    let mut out: String = name
        .chars()
        .map(|c| c.to_lowercase().next().unwrap_or(c))
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.') { c } else { '-' })
        .collect();
    out.truncate(LONGEST);
    out.trim_matches(['-', '.']).to_owned()
}

/// How `slug.Make` of gosimple/slug is set up; the library keeps this for the whole process.
struct Slug {
    longest: i64,
    smart: bool,
    underscores_become_dashes: bool,
}

/// The slug of a branch, as the pull request generator makes it: ASCII, at most 50 bytes.
pub fn branch_slug(branch: &str) -> String {
    let slug = Slug { longest: 50, smart: true, underscores_become_dashes: true };
    slug.make(branch).unwrap_or_default()
}

impl Slug {
    fn make(&self, text: &str) -> Result<String, Fault> {
        let mut out = String::new();
        for c in text.trim().chars() {
            match c {
                '_' if self.underscores_become_dashes => out.push('-'),
                '&' => out.push_str("and"),
                '@' => out.push_str("at"),
                '"' | '\'' | '’' => (),
                '‒' | '–' | '—' | '―' => out.push('-'),
                c => out.push_str(unidecode::unidecode_char(c)),
            }
        }
        out.make_ascii_lowercase();
        if !self.smart && out.len() as i64 >= self.longest {
            let longest = usize::try_from(self.longest).map_err(|_| {
                Fault::Error(format!("runtime error: slice bounds out of range [:{}]", self.longest))
            })?;
            out.truncate(longest);
        }
        let mut dashed = String::with_capacity(out.len());
        for c in out.chars() {
            let kept = c.is_ascii_alphanumeric() || c == '_';
            if kept || !dashed.ends_with('-') {
                dashed.push(if kept { c } else { '-' });
            }
        }
        let trimmed = dashed.trim_matches(['-', '_']);
        Ok(match usize::try_from(self.longest) {
            Ok(longest) if longest > 0 && self.smart => truncate_at_dash(trimmed, longest).to_owned(),
            _ => trimmed.to_owned(),
        })
    }
}

/// At most `longest` bytes, cut at the last dash that allows it.
fn truncate_at_dash(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    match text[..=longest].rfind('-') {
        Some(dash) => &text[..dash],
        None => &text[..longest],
    }
}

fn slugify(arguments: &[Value]) -> Made {
    let (mut longest, mut smart, mut name) = (50, true, String::new());
    for (index, argument) in arguments.iter().enumerate() {
        match (index, argument) {
            (index, Value::Str(text)) if index + 1 == arguments.len() => name = to_utf8(text),
            (index, other) if index + 1 == arguments.len() => return Err(not_a(other, "string")),
            (0, Value::Int(number)) => longest = *number,
            (0, other) => return Err(not_a(other, "int")),
            (1, Value::Bool(flag)) => smart = *flag,
            (1, other) => return Err(not_a(other, "bool")),
            _ => (),
        }
    }
    let slug = Slug { longest, smart, underscores_become_dashes: false };
    slug.make(&normalize(&name)).map(Value::text)
}

fn not_a(value: &Value, wanted: &str) -> Fault {
    let found = if value.is_nothing() { "nil" } else { value.type_name() };
    Fault::Error(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}

fn to_yaml(_: &mut Budget, a: &[Value]) -> Made {
    // What has a JSON form of its own is written by that, so the value goes through JSON as it does in Go.
    let value = json::read(json::write(&a.any(0), json::Style::default())?.as_bytes())?;
    let text = goyaml::write(&value)?;
    Ok(Value::text(text.strip_suffix('\n').unwrap_or(&text)))
}

fn from_yaml(_: &mut Budget, a: &[Value]) -> Made {
    match read_yaml(&to_utf8(a.text(0)?))? {
        Value::Nil => Ok(Value::Map(Map::nil())),
        value @ Value::Map(_) => Ok(value),
        other => Err(cannot_unmarshal(&other, "map[string]interface {}")),
    }
}

fn from_yaml_array(_: &mut Budget, a: &[Value]) -> Made {
    match read_yaml(&to_utf8(a.text(0)?))? {
        Value::Nil => Ok(Value::List(List::nil(Elem::Any))),
        value @ Value::List(_) => Ok(value),
        other => Err(cannot_unmarshal(&other, "[]interface {}")),
    }
}

fn cannot_unmarshal(value: &Value, into: &str) -> Fault {
    let found = match value {
        Value::Str(_) => "string",
        Value::Bool(_) => "bool",
        Value::Float(_) => "number",
        Value::List(_) => "array",
        _ => "object",
    };
    Fault::Error(format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type {into}"
    ))
}

/// `sigs.k8s.io/yaml.Unmarshal` into anything: the first document as JSON.
pub(super) fn read_yaml(text: &str) -> Made {
    Ok(Value::from_json(&read_yaml_json(text)?))
}

/// The first document of `text` as JSON.
pub(super) fn read_yaml_json(text: &str) -> Result<serde_json::Value, Fault> {
    let file = yaml::File::single(Arc::from(text));
    let Some(document) = file.documents().first() else {
        return Ok(serde_json::Value::Null);
    };
    match document.root() {
        Ok(root) if is_too_deep(file.node(root)) => Err(Fault::Limit("the depth of a document")),
        Ok(root) => Ok(file.node(root).to_json()),
        Err(error) => Err(Fault::Error(format!("error converting YAML to JSON: {error}"))),
    }
}

/// How deep a document may nest before it is not followed; Kubernetes stops at 10,000.
const MAX_DEPTH: usize = 150;

pub(super) const TOO_DEEP: &str = "the document nests deeper than is followed";

fn is_too_deep(root: yaml::Node<'_>) -> bool {
    let mut pending = vec![(root, 0)];
    while let Some((node, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return true;
        }
        if node.is_map() {
            pending.extend(node.entries().map(|entry| (entry.value, depth + 1)));
        } else if node.is_seq() {
            pending.extend(node.items().map(|item| (item, depth + 1)));
        }
    }
    false
}

/// Whether a value nests deeper than is followed.
pub(super) fn nests_too_deep(json: &serde_json::Value) -> bool {
    let mut pending = vec![(json, 0)];
    while let Some((value, depth)) = pending.pop() {
        if depth > MAX_DEPTH {
            return true;
        }
        match value {
            serde_json::Value::Array(items) => pending.extend(items.iter().map(|item| (item, depth + 1))),
            serde_json::Value::Object(fields) => {
                pending.extend(fields.values().map(|item| (item, depth + 1)))
            }
            _ => (),
        }
    }
    false
}
