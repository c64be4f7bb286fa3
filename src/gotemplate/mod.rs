//! Go's text/template and the sprig functions, exact and deterministic.
//!
//! A [`Template`] is parsed once with the functions it may call and rendered as often as needed.
//! Everything follows Go 1.26's text/template and sprig 3.3, but for limits: a template that recurses,
//! loops or allocates without end stops with an [`Error`] whose cause is [`Cause::Limit`]. What depends
//! on the clock or on chance is an error too, [`Cause::Unpredictable`], as nobody can tell the result.

mod ast;
mod builtin;
mod equal;
mod error;
mod exec;
mod function;
pub mod json;
mod lex;
pub mod mergo;
mod parse;
mod print;
mod regexp;
mod semver;
mod sprig;
mod strconv;
mod time;
mod unicode;
mod url;
mod value;

pub use builtin::bytes;
pub use error::{At, Cause, Error};
pub use function::{Arguments, Budget, Call, Fault, Function, Functions, Limits, Type};
pub use sprig::sprig;
pub use unicode::to_utf8;
pub use value::{Elem, List, Map, MapElem, Named, Object, Text, Value};

/// `%v` of a value: what Go's `fmt` prints of it, `<nil>` for what is not there.
///
/// # Errors
///
/// When the value is nested too deep or prints too long.
pub fn print_value(value: &Value) -> Result<String, Fault> {
    print::to_bytes(value).map(|printed| to_utf8(&printed))
}

/// Whether `text` holds a match of a regular expression in Go's syntax.
///
/// # Errors
///
/// When the pattern is none, or is too large.
pub fn regex_matches(pattern: &str, text: &str) -> Result<bool, Fault> {
    regexp::compile(pattern.as_bytes()).map(|regex| regex.is_match(text.as_bytes()))
}

/// What a field gives that its map does not have: the option `missingkey`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// No value, printed as `<no value>`: `default` and `invalid`.
    #[default]
    Default,
    /// The zero value of the map's elements.
    Zero,
    /// An error.
    Error,
}

/// How to run a template.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The option `missingkey`.
    pub missing: Missing,
    /// What a run may use up.
    pub limits: Limits,
}

impl Options {
    /// Applies an option as `Template.Option` takes it, such as `missingkey=error`.
    ///
    /// # Errors
    ///
    /// What Go panics with, when there is no such option.
    pub fn set(&mut self, option: &str) -> Result<(), String> {
        self.missing = match option {
            "" => return Err("empty option string".to_owned()),
            "missingkey=default" | "missingkey=invalid" => Missing::Default,
            "missingkey=zero" => Missing::Zero,
            "missingkey=error" => Missing::Error,
            _ => return Err(format!("unrecognized option: {option}")),
        };
        Ok(())
    }
}

/// A parsed template.
pub struct Template {
    name: String,
    text: String,
    trees: parse::Trees,
}

impl Template {
    /// Parses `text` under a name, which only messages show; `functions` are what it may call.
    ///
    /// # Errors
    ///
    /// When the text is no template, calls a function that there is not, or nests too deep.
    pub fn parse(name: &str, text: &str, functions: &Functions) -> Result<Template, Error> {
        let trees = parse::parse(name, text, functions)?;
        Ok(Template { name: name.to_owned(), text: text.to_owned(), trees })
    }

    /// Renders the template with `data` as its dot. The result need not be UTF-8; see [`to_utf8`].
    ///
    /// # Errors
    ///
    /// What stopped the run; nothing of the output is kept.
    pub fn render(&self, data: &Value, options: &Options) -> Result<Vec<u8>, Error> {
        self.render_within(data, options.missing, &mut Budget::new(options.limits))
    }

    /// As [`Template::render`], from a budget that several runs may share.
    ///
    /// # Errors
    ///
    /// What stopped the run; nothing of the output is kept.
    pub fn render_within(
        &self,
        data: &Value,
        missing: Missing,
        budget: &mut Budget,
    ) -> Result<Vec<u8>, Error> {
        let run = exec::Run { name: &self.name, text: &self.text, trees: &self.trees, missing };
        match self.trees.get(self.name.as_str()) {
            Some(root) => run.execute(root, data, budget),
            None => Ok(Vec::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<String, Error> {
        let template = Template::parse("base", text, &sprig())?;
        template.render(&Value::Map(Map::new()), &Options::default()).map(|out| to_utf8(&out))
    }

    #[test]
    fn bombs_stop_at_a_limit() {
        let nested = |open: &str, inner: &str, close: &str| {
            format!("{}{inner}{}", open.repeat(100_000), close.repeat(100_000))
        };
        for (text, line) in [
            (r#"{{define "a"}}{{template "a"}}{{end}}{{template "a"}}"#.to_owned(), 1),
            ("\n{{range until 1000000000}}x{{end}}".to_owned(), 2),
            ("{{range 1000000000000}}x{{end}}".to_owned(), 1),
            ("\n\n{{repeat 1000000000 \"x\"}}".to_owned(), 3),
            ("{{indent 1000000000 \"x\"}}".to_owned(), 1),
            ("{{$x := \"x\"}}{{range 60}}{{$x = print $x $x}}{{end}}{{$x}}".to_owned(), 1),
            ("{{$x := list 1 1}}{{range 60}}{{$x = concat $x $x}}{{end}}".to_owned(), 1),
            ("{{$x := list}}{{range 100000}}{{$x = list $x}}{{end}}{{$x}}".to_owned(), 1),
            ("{{$x := list 1}}{{range 100}}{{$x = list $x $x}}{{end}}{{toJson $x}}".to_owned(), 1),
            (
                "{{$x := list 1}}{{range 100}}{{$x = list $x $x}}{{end}}{{deepEqual $x (deepCopy $x)}}"
                    .to_owned(),
                1,
            ),
            ("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{$d}}".to_owned(), 1),
            ("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{toJson $d}}".to_owned(), 1),
            ("{{$d := dict}}{{$_ := set $d \"d\" $d}}{{mustDeepCopy $d}}".to_owned(), 1),
            ("{{replace \"\" (repeat 100000 \"y\") (repeat 100000 \"x\")}}".to_owned(), 1),
            (nested("{{if 1}}", "", "{{end}}"), 1),
            (format!("{{{{{}}}}}", nested("(", "1", ")")), 1),
            (format!("{{{{if 1}}}}{}{{{{end}}}}", "{{else if 1}}".repeat(100_000)), 1),
        ] {
            let shown: String = text.chars().take(80).collect();
            let error = run(&text).expect_err(&shown);
            assert_eq!((error.cause, error.line), (Cause::Limit, line), "{shown}: {error}");
        }
    }

    #[test]
    fn what_depends_on_chance_or_clock_is_said() {
        for text in
            ["{{now}}", "{{randAlphaNum 5}}", "{{uuidv4}}", "{{date \"2006\" \"\"}}", "{{genCA \"a\" 1}}"]
        {
            assert_eq!(run(text).map_err(|error| error.cause), Err(Cause::Unpredictable), "{text}");
        }
    }

    #[test]
    fn deep_but_finite_templates_run() {
        let blocks = format!("{}x{}", "{{if 1}}".repeat(100), "{{end}}".repeat(100));
        assert_eq!(run(&blocks).as_deref(), Ok("x"));
        let recursive =
            r#"{{define "a"}}{{if .}}x{{template "a" (rest .)}}{{end}}{{end}}{{template "a" (until 50)}}"#;
        assert_eq!(run(recursive), Ok("x".repeat(50)));
    }
}
