//! JSON Schemas of the machine formats, made from the types that are written.

use crate::report::{
    AppLine, Baseline, DiffReport, FindingLine, InventoryLine, LintReport, RenderLine, RowLine,
};

/// The schema of one format.
pub struct Schema {
    /// The name of the file under `docs/schema/`.
    pub file: &'static str,
    /// Makes it.
    pub make: fn() -> schemars::Schema,
}

/// Every schema that is checked in under `docs/schema/`, but that of the configuration.
pub const SCHEMAS: &[Schema] = &[
    Schema { file: "lint.json", make: || schemars::schema_for!(LintReport<'static>) },
    Schema { file: "lint-line.json", make: || schemars::schema_for!(FindingLine<'static>) },
    Schema { file: "diff.json", make: || schemars::schema_for!(DiffReport<'static>) },
    Schema { file: "diff-line.json", make: || schemars::schema_for!(RowLine<'static>) },
    Schema { file: "baseline.json", make: || schemars::schema_for!(Baseline) },
    Schema { file: "inventory-line.json", make: || schemars::schema_for!(InventoryLine<'static>) },
    Schema { file: "apps-line.json", make: || schemars::schema_for!(AppLine<'static>) },
    Schema { file: "render-line.json", make: || schemars::schema_for!(RenderLine<'static>) },
];
