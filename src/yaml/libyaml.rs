//! The only file with unsafe code: a safe event iterator around `libyaml-rs`, the YAML organisation's translation of
//! libyaml, which go-yaml is a translation of as well.
#![allow(unsafe_code)]

use libyaml_rs as sys;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ops::ControlFlow;

/// What libyaml found; text is borrowed from libyaml until the next event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Event<'e> {
    /// With the minor version of a `%YAML 1.x` directive.
    DocumentStart(Option<i32>),
    DocumentEnd,
    Scalar {
        anchor: Option<&'e str>,
        /// Resolved, such as `tag:yaml.org,2002:str`.
        tag: Option<&'e str>,
        value: &'e str,
        style: ScalarStyle,
        /// Typed as a plain scalar without a tag.
        implicit: bool,
    },
    Start {
        anchor: Option<&'e str>,
        tag: Option<&'e str>,
        map: bool,
        flow: bool,
    },
    MapEnd,
    SeqEnd,
    Alias(&'e str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarStyle {
    Plain,
    Single,
    Double,
    Literal,
    Folded,
}

/// Why libyaml stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// libyaml's words.
    pub(super) problem: String,
    /// What it was doing; may be empty.
    pub(super) context: String,
    /// Byte offset of the problem.
    pub(super) offset: usize,
    /// The control character, where that is the problem.
    pub(super) character: Option<u32>,
}

/// A parser that is deleted when it goes out of scope.
///
/// It is boxed: libyaml keeps a pointer to it from [`sys::yaml_parser_set_input_string`] on, so it must not move.
struct Parser(Box<MaybeUninit<sys::yaml_parser_t>>);

impl Parser {
    fn new(text: &[u8]) -> Self {
        let mut parser = Self(Box::new(MaybeUninit::uninit()));
        let this = parser.0.as_mut_ptr();
        // SAFETY: `this` points at writable memory of the right size and alignment, which initialize zeroes and fills.
        // It always succeeds (it aborts without memory). `text` outlives the parser: the only caller, `events`, holds
        // a reference to it for longer than the parser lives. libyaml reads `text.len()` bytes from it and no more.
        unsafe {
            let _ = sys::yaml_parser_initialize(this);
            sys::yaml_parser_set_input_string(this, text.as_ptr(), text.len() as u64);
        }
        parser
    }

    fn problem(&self) -> Problem {
        // SAFETY: the parser was initialized in `new`, and its error fields are plain data.
        let parser = unsafe { self.0.assume_init_ref() };
        let reader = parser.error == sys::YAML_READER_ERROR;
        Problem {
            problem: static_text(parser.problem),
            context: static_text(parser.context),
            offset: if reader { parser.problem_offset } else { parser.problem_mark.index } as usize,
            character: (reader && parser.problem_value >= 0).then_some(parser.problem_value as u32),
        }
    }
}

impl Drop for Parser {
    fn drop(&mut self) {
        // SAFETY: initialized in `new`, deleted nowhere else.
        unsafe { sys::yaml_parser_delete(self.0.as_mut_ptr()) }
    }
}

/// An event that is deleted when it goes out of scope.
struct Owned(MaybeUninit<sys::yaml_event_t>);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: only made by `events` after `yaml_parser_parse` filled it in, deleted nowhere else.
        unsafe { sys::yaml_event_delete(self.0.as_mut_ptr()) }
    }
}

/// Runs libyaml over `text` and hands every event, with its start and end as byte offsets, to `sink` until that breaks.
///
/// Offsets count from the start of `text`, behind a byte order mark.
pub(super) fn events<B>(
    text: &str,
    mut sink: impl FnMut(Event<'_>, usize, usize) -> ControlFlow<B>,
) -> Result<Option<B>, Problem> {
    let mut parser = Parser::new(text.as_bytes());
    loop {
        let mut event = MaybeUninit::<sys::yaml_event_t>::uninit();
        // SAFETY: the parser is initialized and has not moved; `event` is writable. On failure libyaml leaves nothing
        // in the event to delete.
        if unsafe { sys::yaml_parser_parse(parser.0.as_mut_ptr(), event.as_mut_ptr()) }.fail {
            return Err(parser.problem());
        }
        let owned = Owned(event);
        // SAFETY: parse succeeded, so the event is filled in.
        let event = unsafe { owned.0.assume_init_ref() };
        let (start, end) = (event.start_mark.index as usize, event.end_mark.index as usize);
        if event.type_ == sys::YAML_STREAM_END_EVENT {
            return Ok(None);
        }
        if let Some(seen) = view(event)
            && let ControlFlow::Break(value) = sink(seen, start, end)
        {
            return Ok(Some(value));
        }
    }
}

/// Reads the union by the type of the event.
fn view(event: &sys::yaml_event_t) -> Option<Event<'_>> {
    // SAFETY (whole function): libyaml sets `type_` together with the member of the union that belongs to it, and the
    // pointers in it are null or zero-terminated strings that live until `yaml_event_delete`, which `Owned` calls
    // after this borrow ends. `value` holds `length` bytes.
    unsafe {
        Some(match event.type_ {
            sys::YAML_DOCUMENT_START_EVENT => Event::DocumentStart(
                event.data.document_start.version_directive.as_ref().map(|version| version.minor),
            ),
            sys::YAML_DOCUMENT_END_EVENT => Event::DocumentEnd,
            sys::YAML_SCALAR_EVENT => {
                let scalar = &event.data.scalar;
                let value = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
                Event::Scalar {
                    anchor: text(scalar.anchor),
                    tag: text(scalar.tag),
                    value: std::str::from_utf8(value).unwrap_or("\u{fffd}"),
                    style: match scalar.style {
                        sys::YAML_SINGLE_QUOTED_SCALAR_STYLE => ScalarStyle::Single,
                        sys::YAML_DOUBLE_QUOTED_SCALAR_STYLE => ScalarStyle::Double,
                        sys::YAML_LITERAL_SCALAR_STYLE => ScalarStyle::Literal,
                        sys::YAML_FOLDED_SCALAR_STYLE => ScalarStyle::Folded,
                        _ => ScalarStyle::Plain,
                    },
                    implicit: scalar.plain_implicit,
                }
            }
            sys::YAML_SEQUENCE_START_EVENT => {
                let start = &event.data.sequence_start;
                Event::Start {
                    anchor: text(start.anchor),
                    tag: text(start.tag),
                    map: false,
                    flow: start.style == sys::YAML_FLOW_SEQUENCE_STYLE,
                }
            }
            sys::YAML_MAPPING_START_EVENT => {
                let start = &event.data.mapping_start;
                Event::Start {
                    anchor: text(start.anchor),
                    tag: text(start.tag),
                    map: true,
                    flow: start.style == sys::YAML_FLOW_MAPPING_STYLE,
                }
            }
            sys::YAML_MAPPING_END_EVENT => Event::MapEnd,
            sys::YAML_SEQUENCE_END_EVENT => Event::SeqEnd,
            sys::YAML_ALIAS_EVENT => Event::Alias(text(event.data.alias.anchor)?),
            _ => return None,
        })
    }
}

/// # Safety
/// `pointer` is null or a zero-terminated string that lives for `'e`.
unsafe fn text<'e>(pointer: *const u8) -> Option<&'e str> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(pointer.cast()) }.to_str().ok()
}

fn static_text(pointer: *const i8) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: libyaml's messages are zero-terminated literals.
    unsafe { CStr::from_ptr(pointer.cast()) }.to_string_lossy().into_owned()
}
