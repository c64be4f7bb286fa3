//! A template is parsed and run, or refused with a line; limits hold, and a second run gives the same.
#![no_main]

use billhook::appset::functions;
use billhook::gotemplate::{Limits, Map, Missing, Options, Template, Value, json};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { steps: 20_000, output: 1 << 20, memory: 4 << 20, depth: 200 };

fuzz_target!(|bytes: &[u8]| {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(rest) else {
        return;
    };
    let missing = [Missing::Default, Missing::Zero, Missing::Error][usize::from(*first) % 3];
    let options = Options { missing, limits: LIMITS };
    let template = match Template::parse("base", text, functions()) {
        Ok(template) => template,
        Err(error) => {
            assert!(error.line >= 1);
            return;
        }
    };
    let once = template.render(&parameters(), &options);
    if let Ok(out) = &once {
        assert!(out.len() <= LIMITS.output);
    }
    assert_eq!(once, template.render(&parameters(), &options));
});

fn parameters() -> Value {
    let text = br#"{"name":"one","num":3,"big":1000000,"nul":null,"flag":true,"lst":["x",1,null],"obj":{"a":"b","d":{"e":"f"}}}"#;
    let value = json::read(text).expect("the parameters are JSON");
    let labels = Map::of_strings();
    labels.insert_str("env", Value::text("prod"));
    if let Value::Map(map) = &value {
        map.insert_str("labels", Value::Map(labels));
        map.insert_str("seg", Value::strings(["apps", "web"]));
    }
    value
}
