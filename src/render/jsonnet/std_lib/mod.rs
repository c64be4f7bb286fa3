//! The standard library of go-jsonnet 0.22: jrsonnet's, with the functions replaced in which the two differ.

use jrsonnet_evaluator::function::CallLocation;
use jrsonnet_evaluator::tla::TlaArg;
use jrsonnet_evaluator::trace::PathResolver;
use jrsonnet_evaluator::{
    ContextInitializer, IStr, InitialContextBuilder, ObjValue, ObjValueBuilder, Source, Thunk, Val,
};
use jrsonnet_gcmodule::{Acyclic, Cc, Trace};
use jrsonnet_stdlib::{Settings, TracePrinter, stdlib_uncached};
use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

mod functions;
mod numbers;
mod parse;
mod yaml;

/// `std` for every file of one evaluation.
#[derive(Trace)]
pub(super) struct Std {
    object: ObjValue,
    settings: Cc<RefCell<Settings>>,
}

impl Std {
    /// The library without external variables and native functions.
    pub(super) fn new() -> Self {
        let settings = Cc::new(RefCell::new(Settings {
            ext_vars: HashMap::new(),
            ext_natives: HashMap::new(),
            trace_printer: Rc::new(Silent),
            path_resolver: PathResolver::FileName,
        }));
        let mut object = ObjValueBuilder::new();
        object.with_super(stdlib_uncached(settings.clone()));
        functions::replace(&mut object);
        numbers::replace(&mut object);
        parse::replace(&mut object);
        yaml::replace(&mut object);
        Self { object: object.build(), settings }
    }

    /// Makes `std.extVar(name)` give `value`.
    pub(super) fn add_ext_var(&self, name: &str, value: TlaArg) {
        self.settings.borrow_mut().ext_vars.insert(name.into(), value);
    }
}

impl ContextInitializer for Std {
    fn populate(&self, source: Source, builder: &mut InitialContextBuilder) {
        let mut std = ObjValueBuilder::new();
        std.with_super(self.object.clone());
        std.field("thisFile").hide().value(Val::string(source.source_path().to_string()));
        builder.bind("std", Thunk::evaluated(Val::Obj(std.build())));
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `std.trace` says nothing: the repo-server's log is not part of the result.
#[derive(Acyclic)]
struct Silent;

impl TracePrinter for Silent {
    fn print_trace(&self, _place: CallLocation<'_>, _text: IStr) {}
}
