//! The JSON Schemas under `docs/schema/` are those of the types. `BILLHOOK_BLESS=1` writes them anew.
#![allow(clippy::disallowed_methods, reason = "a test reads and writes files")]

use std::fs;
use std::path::Path;

fn check(file: &str, schema: &schemars::Schema) {
    let made = format!("{}\n", serde_json::to_string_pretty(schema).expect("a schema is JSON"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(file);
    if std::env::var_os("BILLHOOK_BLESS").is_some() {
        fs::write(&path, &made).expect("the folder of schemas");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/schema/{file} is stale: run this test with BILLHOOK_BLESS=1");
}

#[test]
fn schemas_of_formats() {
    for schema in billhook::report::SCHEMAS {
        check(schema.file, &(schema.make)());
    }
}

#[test]
fn schema_of_the_configuration() {
    check("config.json", &billhook::config::schema());
}
