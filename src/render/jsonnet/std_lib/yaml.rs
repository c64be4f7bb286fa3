//! `std.manifestYamlDoc` and `std.manifestYamlStream` in go-jsonnet's formatting.

use jrsonnet_evaluator::function::builtin;
use jrsonnet_evaluator::manifest::escape_string_json;
use jrsonnet_evaluator::val::ArrValue;
use jrsonnet_evaluator::{ObjValueBuilder, Result, Val, bail, ensure_sufficient_stack};
use jrsonnet_stdlib::YamlFormat;

pub(super) fn replace(std: &mut ObjValueBuilder) {
    std.method("manifestYamlDoc", builtin_manifest_yaml_doc {});
    std.method("manifestYamlStream", builtin_manifest_yaml_stream {});
}

#[builtin]
fn builtin_manifest_yaml_doc(
    value: Val,
    #[default(false)] indent_array_in_object: bool,
    #[default(true)] quote_keys: bool,
) -> Result<String> {
    Writer { indent_array_in_object, quote_keys }.document(&value)
}

#[builtin]
fn builtin_manifest_yaml_stream(
    value: ArrValue,
    #[default(false)] indent_array_in_object: bool,
    #[default(true)] c_document_end: bool,
    #[default(true)] quote_keys: bool,
) -> Result<String> {
    let writer = Writer { indent_array_in_object, quote_keys };
    let documents: Vec<String> = value.iter().map(|value| writer.document(&value?)).collect::<Result<_>>()?;
    let end = if c_document_end { "\n...\n" } else { "\n" };
    Ok(format!("---\n{}{end}", documents.join("\n---\n")))
}

const INDENT: &str = "  ";

/// Deeper values are refused, as `manifestYamlDoc` of go-jsonnet does.
const DEPTH: usize = 500;

struct Writer {
    indent_array_in_object: bool,
    quote_keys: bool,
}

impl Writer {
    fn document(&self, value: &Val) -> Result<String> {
        let mut out = String::new();
        self.write(value, &mut out, "", DEPTH)?;
        Ok(out)
    }

    fn write(&self, value: &Val, out: &mut String, indent: &str, depth: usize) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            bail!("max manifest depth exceeded, possible infinite recursion");
        };
        match value {
            Val::Null => out.push_str("null"),
            Val::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Val::Num(number) => out.push_str(&number.to_string()),
            Val::Str(text) => write_text(&text.clone().into_flat(), out, indent),
            Val::Arr(items) if items.is_empty() => out.push_str("[]"),
            Val::Arr(items) => ensure_sufficient_stack(|| self.write_items(items, out, indent, depth))?,
            Val::Obj(_) => ensure_sufficient_stack(|| self.write_fields(value, out, indent, depth))?,
            Val::Func(_) => bail!("a function cannot be written as YAML"),
        }
        Ok(())
    }

    fn write_items(&self, items: &ArrValue, out: &mut String, indent: &str, depth: usize) -> Result<()> {
        let deeper = format!("{indent}{INDENT}");
        for (i, item) in items.iter().enumerate() {
            let item = item?;
            if i > 0 {
                new_line(out, indent);
            }
            out.push('-');
            match &item {
                Val::Arr(nested) if !nested.is_empty() => new_line(out, &deeper),
                _ => out.push(' '),
            }
            let nested = matches!(item, Val::Arr(_) | Val::Obj(_));
            self.write(&item, out, if nested { &deeper } else { indent }, depth)?;
        }
        Ok(())
    }

    fn write_fields(&self, value: &Val, out: &mut String, indent: &str, depth: usize) -> Result<()> {
        let Some(object) = value.as_obj() else { return Ok(()) };
        if object.is_empty() {
            out.push_str("{}");
            return Ok(());
        }
        let deeper = format!("{indent}{INDENT}");
        for (i, (key, value)) in object.iter().enumerate() {
            let value = value?;
            if i > 0 {
                new_line(out, indent);
            }
            out.push_str(&self.key(&key)?);
            out.push(':');
            let indent = match &value {
                Val::Arr(items) if items.is_empty() || !self.indent_array_in_object => indent,
                Val::Arr(_) => &deeper,
                Val::Obj(fields) if !fields.is_empty() => &deeper,
                _ => indent,
            };
            match &value {
                Val::Arr(items) if !items.is_empty() => new_line(out, indent),
                Val::Obj(fields) if !fields.is_empty() => new_line(out, indent),
                _ => out.push(' '),
            }
            self.write(&value, out, indent, depth)?;
        }
        Ok(())
    }

    /// jrsonnet knows which keys are safe without quotes, but tells it only by writing one.
    fn key(&self, key: &str) -> Result<String> {
        if self.quote_keys {
            return Ok(escape_string_json(key));
        }
        let mut object = ObjValueBuilder::new();
        object.field(key).value(Val::Null);
        let line = Val::Obj(object.build()).manifest(YamlFormat::std_to_yaml(false, false))?;
        Ok(line.strip_suffix(": null").unwrap_or(&line).to_owned())
    }
}

fn new_line(out: &mut String, indent: &str) {
    out.push('\n');
    out.push_str(indent);
}

fn write_text(text: &str, out: &mut String, indent: &str) {
    let Some(lines) = text.strip_suffix('\n') else {
        out.push_str(&escape_string_json(text));
        return;
    };
    out.push('|');
    for line in lines.split('\n') {
        new_line(out, indent);
        out.push_str(INDENT);
        out.push_str(line);
    }
}
