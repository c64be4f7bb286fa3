//! One evaluation by jrsonnet, set up as Argo CD sets up go-jsonnet; runs in the worker only.

use super::protocol::{Failure, Frame, Place, Request, Variable};
use super::{escapes, std_lib};
use jrsonnet_evaluator::error::ErrorKind;
use jrsonnet_evaluator::manifest::JsonFormat;
use jrsonnet_evaluator::stack::limit_stack_depth;
use jrsonnet_evaluator::tla::TlaArg;
use jrsonnet_evaluator::{
    AsPathLike, Error, IStr, ImportResolver, ResolvePathOwned, Result, Source, SourcePath, Span,
    StackTraceElement, State, SyntaxError, Thunk, Val, apply_tla, with_state,
};
use jrsonnet_gcmodule::Acyclic;
use jrsonnet_ir::SourceFile;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;

/// Where go-jsonnet gives up (`maxStack` of its VM, which Argo CD leaves alone).
const FRAMES: usize = 500;

/// The same where a file says `tailstrict`: such calls take no frame in go-jsonnet, but one in jrsonnet.
const TAIL_FRAMES: usize = 20_000;

/// How many frames of a trace are told, and how many bytes of a message, which a program may have made.
const TRACE: usize = 20;
const MESSAGE: usize = 16 << 10;

/// Where files come from: asked once for each pair of importing file and import.
pub(super) trait Importer {
    /// Path and bytes of what `import` names in the file `from` (None: not in a file).
    ///
    /// # Errors
    /// Why there is no such file or it may not be read, as a sentence.
    fn import(&self, from: Option<&str>, import: &str) -> std::result::Result<(String, Rc<[u8]>), String>;
}

/// Evaluates `request` and gives JSON, as `vm.EvaluateFile` of go-jsonnet does.
///
/// # Errors
/// What jrsonnet says. A failure that jrsonnet alone would have is tried again without its cause.
pub(super) fn evaluate(
    request: &Request,
    importer: Box<dyn Importer>,
) -> std::result::Result<String, Failure> {
    let sources = Rc::new(Sources::new(importer));
    let mut frames = FRAMES;
    loop {
        let result = attempt(request, &sources, frames);
        jrsonnet_gcmodule::collect_thread_cycles();
        match result {
            Ok(json) => return Ok(json),
            Err(failed) if failed.overflow && frames == FRAMES && sources.say("tailstrict") => {
                frames = TAIL_FRAMES;
            }
            Err(Failed { unreadable: Some(path), .. }) if sources.rewrite(&path) => (),
            Err(failed) => return Err(failed.failure),
        }
    }
}

struct Failed {
    failure: Failure,
    overflow: bool,
    unreadable: Option<String>,
}

fn attempt(request: &Request, sources: &Rc<Sources>, frames: usize) -> std::result::Result<String, Failed> {
    let std = std_lib::Std::new();
    for variable in &request.ext_vars {
        std.add_ext_var(&variable.name, argument("extvar", variable));
    }
    let mut builder = State::builder();
    builder.import_resolver(Imports(sources.clone())).context_initializer(std);
    let state = builder.build();
    let _entered = state.enter();
    let _depth = limit_stack_depth(frames);
    #[expect(clippy::mutable_key_type, reason = "`apply_tla` wants it so; the hash is that of the text")]
    let tlas: HashMap<IStr, TlaArg> = request
        .tlas
        .iter()
        .map(|tla| (IStr::from(tla.name.as_str()), argument("top-level-arg", tla)))
        .collect();
    let run = || -> Result<String> {
        let value = state.import(request.entry.as_str())?;
        let value = match passed_through(&value, &request.tlas, sources) {
            Some(name) => tlas[&IStr::from(name)].evaluate()?.evaluate()?,
            None => apply_tla(&tlas, value)?,
        };
        value.manifest(JsonFormat::minify())
    };
    run().map_err(|error| failed(&error))
}

/// The argument that is the result: jrsonnet forgets the parameter's name of a function like `function(a) a`.
fn passed_through<'r>(value: &Val, tlas: &'r [Variable], sources: &Sources) -> Option<&'r str> {
    let [tla] = tlas else { return None };
    let identity = matches!(value, Val::Func(function) if function.is_identity());
    (identity && sources.say(&tla.name)).then_some(&*tla.name)
}

fn argument(kind: &str, variable: &Variable) -> TlaArg {
    if !variable.code {
        return TlaArg::String(variable.value.as_str().into());
    }
    let name = IStr::from(format!("<{kind}:{}>", variable.name));
    let code = IStr::from(variable.value.as_str());
    TlaArg::Lazy(Thunk!(move || with_state(|state| state.evaluate_snippet(name, code))))
}

fn failed(error: &Error) -> Failed {
    let frames = error.trace().0.iter().take(TRACE).map(|element| Frame {
        place: element.location.as_ref().and_then(|span| place(&span.0, span.1, span.2)),
        description: element.desc.clone(),
    });
    let mut message = error.error().to_string();
    message.truncate(message.floor_char_boundary(MESSAGE));
    let failure = Failure { message, frames: frames.collect() };
    let unreadable = match error.error() {
        ErrorKind::ImportSyntaxError { path, .. } => path_of(path.source_path()).map(str::to_owned),
        _ => None,
    };
    Failed { failure, overflow: matches!(error.error(), ErrorKind::StackOverflow), unreadable }
}

fn place(source: &Source, start: u32, end: u32) -> Option<Place> {
    Some(Place { path: path_of(source.source_path())?.to_owned(), start, end })
}

fn path_of(path: &SourcePath) -> Option<&str> {
    path.path()?.to_str()
}

/// Every file of one evaluation, by the path it was found at; kept when the evaluation is tried again.
struct Sources {
    importer: Box<dyn Importer>,
    found: RefCell<HashMap<(Option<String>, String), String>>,
    contents: RefCell<HashMap<String, Rc<[u8]>>>,
}

impl Sources {
    fn new(importer: Box<dyn Importer>) -> Self {
        Self { importer, found: RefCell::default(), contents: RefCell::default() }
    }

    fn find(&self, from: Option<&str>, import: String) -> std::result::Result<String, String> {
        let asked = (from.map(str::to_owned), import);
        if let Some(found) = self.found.borrow().get(&asked) {
            return Ok(found.clone());
        }
        let (found, bytes) = self.importer.import(from, &asked.1)?;
        self.contents.borrow_mut().entry(found.clone()).or_insert(bytes);
        self.found.borrow_mut().insert(asked, found.clone());
        Ok(found)
    }

    /// Where the file `from` says `import` in quotes; jrsonnet does not tell.
    fn literal(&self, from: &SourcePath, import: &str) -> Option<Span> {
        let bytes = self.contents.borrow().get(path_of(from)?)?.clone();
        let text = std::str::from_utf8(&bytes).ok()?;
        let (start, end) = escapes::quoted(text, import)?;
        Some(Span(Source::new(from.clone(), text.into()), start as u32, end as u32))
    }

    fn say(&self, word: &str) -> bool {
        self.contents.borrow().values().any(|bytes| memchr::memmem::find(bytes, word.as_bytes()).is_some())
    }

    /// Takes the escapes out of the file at `path` that jrsonnet does not know; whether that changed anything.
    fn rewrite(&self, path: &str) -> bool {
        let mut contents = self.contents.borrow_mut();
        let Some(bytes) = contents.get_mut(path) else { return false };
        let Some(text) = std::str::from_utf8(bytes).ok().and_then(escapes::without_slashes) else {
            return false;
        };
        *bytes = text.into_bytes().into();
        true
    }
}

#[derive(Acyclic)]
struct Imports(Rc<Sources>);

impl ImportResolver for Imports {
    fn resolve_from(&self, from: &SourcePath, path: &dyn AsPathLike) -> Result<SourcePath> {
        let import = match path.as_path().to_owned() {
            ResolvePathOwned::Str(text) => text,
            ResolvePathOwned::Path(path) => path.to_string_lossy().into_owned(),
        };
        match self.0.find(path_of(from), import.clone()) {
            Ok(found) => Ok(SourcePath::new(SourceFile::new(PathBuf::from(found)))),
            Err(message) => {
                let error = Error::from(ErrorKind::ImportCallbackError(message));
                Err(located(error, self.0.literal(from, &import), "import"))
            }
        }
    }

    fn load_file_contents(&self, resolved: &SourcePath) -> Result<Vec<u8>> {
        let path = path_of(resolved).unwrap_or_default();
        let Some(bytes) = self.0.contents.borrow().get(path).cloned() else {
            return Err(ErrorKind::ResolvedFileNotFound(resolved.clone()).into());
        };
        if is_code(path)
            && let Ok(text) = std::str::from_utf8(&bytes)
            && let Some((at, escape)) = escapes::unknown(text)
        {
            return Err(unknown_escape(resolved, text, at, escape));
        }
        Ok(bytes.to_vec())
    }
}

fn is_code(path: &str) -> bool {
    path.ends_with(".jsonnet") || path.ends_with(".libsonnet")
}

fn unknown_escape(resolved: &SourcePath, text: &str, at: usize, escape: char) -> Error {
    let source = Source::new(resolved.clone(), text.into());
    let location = Span(source.clone(), at as u32, (at + 1 + escape.len_utf8()) as u32);
    let message = format!("unknown escape sequence \\{escape}");
    let error = Box::new(SyntaxError { message, location: location.clone() });
    located(Error::from(ErrorKind::ImportSyntaxError { path: source, error }), Some(location), "parse")
}

fn located(mut error: Error, location: Option<Span>, description: &str) -> Error {
    error.trace_mut().0.push(StackTraceElement { location, desc: description.to_owned() });
    error
}
