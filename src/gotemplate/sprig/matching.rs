//! Regular expressions, versions and URLs.

use super::{INT, MAP, Made, STR, fixed};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function};
use crate::gotemplate::regexp;
use crate::gotemplate::semver::{Version, satisfies};
use crate::gotemplate::unicode;
use crate::gotemplate::url::{self, Url};
use crate::gotemplate::value::{Map, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("regexMatch", &[STR, STR], |_, a| match matches(a) {
        Err(Fault::Error(_)) => Ok(Value::Bool(false)),
        made => made,
    }),
    fixed("mustRegexMatch", &[STR, STR], |_, a| matches(a)),
    fixed("regexFind", &[STR, STR], |_, a| find(a)),
    fixed("mustRegexFind", &[STR, STR], |_, a| find(a)),
    fixed("regexFindAll", &[STR, STR, INT], find_all),
    fixed("mustRegexFindAll", &[STR, STR, INT], find_all),
    fixed("regexReplaceAll", &[STR, STR, STR], |budget, a| replace_all(budget, a, false)),
    fixed("mustRegexReplaceAll", &[STR, STR, STR], |budget, a| replace_all(budget, a, false)),
    fixed("regexReplaceAllLiteral", &[STR, STR, STR], |budget, a| replace_all(budget, a, true)),
    fixed("mustRegexReplaceAllLiteral", &[STR, STR, STR], |budget, a| replace_all(budget, a, true)),
    fixed("regexSplit", &[STR, STR, INT], split),
    fixed("mustRegexSplit", &[STR, STR, INT], split),
    fixed("regexQuoteMeta", &[STR], |_, a| Ok(Value::text(regexp::quote(a.text(0)?)))),
    fixed("semver", &[STR], |_, a| Version::parse(&unicode::to_utf8(a.text(0)?)).map(Version::into_value)),
    fixed("semverCompare", &[STR, STR], |_, a| {
        satisfies(&unicode::to_utf8(a.text(0)?), &unicode::to_utf8(a.text(1)?)).map(Value::Bool)
    }),
    fixed("urlParse", &[STR], url_parse),
    fixed("urlJoin", &[MAP], url_join),
];

fn matches(a: &[Value]) -> Made {
    Ok(Value::Bool(regexp::compile(a.text(0)?)?.is_match(a.text(1)?)))
}

fn find(a: &[Value]) -> Made {
    let regex = regexp::compile(a.text(0)?)?;
    Ok(Value::text(regex.find(a.text(1)?).map_or(b"".as_slice(), |found| found.as_bytes())))
}

fn find_all(budget: &mut Budget, a: &[Value]) -> Made {
    let regex = regexp::compile(a.text(0)?)?;
    budget.take_elements(a.text(1)?.len())?;
    Ok(Value::strings(regexp::find_all(&regex, a.text(1)?, a.int(2)?)))
}

fn replace_all(budget: &mut Budget, a: &[Value], literal: bool) -> Made {
    let (text, with) = (a.text(1)?, a.text(2)?);
    let regex = regexp::compile(a.text(0)?)?;
    let mut out = Vec::new();
    let mut last = 0;
    for captures in regex.captures_iter(text) {
        let Some(found) = captures.get(0) else {
            break;
        };
        out.extend_from_slice(&text[last..found.start()]);
        let before = out.len();
        if literal {
            out.extend_from_slice(with);
        } else {
            regexp::expand(with, &captures, &mut out);
        }
        budget.take(out.len() - before)?;
        last = found.end();
    }
    out.extend_from_slice(&text[last..]);
    Ok(Value::text(out))
}

fn split(budget: &mut Budget, a: &[Value]) -> Made {
    let (pattern, text) = (a.text(0)?, a.text(1)?);
    let regex = regexp::compile(pattern)?;
    budget.take_elements(text.len())?;
    Ok(Value::strings(regexp::split(&regex, pattern, text, a.int(2)?)))
}

fn url_parse(_: &mut Budget, a: &[Value]) -> Made {
    let url = url::parse(a.text(0)?).map_err(|fault| match fault {
        Fault::Error(message) => Fault::Error(format!("unable to parse url: {message}")),
        other => other,
    })?;
    let map = Map::new();
    let user = url.user.as_ref().map(url::User::text).unwrap_or_default();
    for (key, value) in [
        ("scheme", &url.scheme[..]),
        ("host", &url.host),
        ("hostname", url.hostname()),
        ("path", &url.path),
        ("query", &url.query),
        ("opaque", &url.opaque),
        ("fragment", &url.fragment),
        ("userinfo", &user),
    ] {
        map.insert_str(key, Value::text(value));
    }
    Ok(Value::Map(map))
}

fn url_join(_: &mut Budget, a: &[Value]) -> Made {
    let map = a.map(0)?;
    let part = |key: &str| match map.get(key.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => Ok(text.to_vec()),
        Some(other) => {
            let kind = other.kind();
            Err(Fault::Error(format!("unable to parse {key} key, must be of type string, but {kind} found")))
        }
    };
    let mut url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        ..Url::default()
    };
    let user = part("userinfo")?;
    if !user.is_empty() {
        let parsed = url::parse(&[b"proto://".as_slice(), &user, b"@host"].concat());
        url.user = parsed.map_err(|_| Fault::error("unable to parse userinfo in dict"))?.user;
    }
    Ok(Value::text(url.text()))
}
