//! Dates. The controller's images run in UTC, so that is what `Local` means.

use super::{ANY, Made, STR, fixed, unpredictable};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function, Type};
use crate::gotemplate::time::{Time, duration_text, parse_duration};
use crate::gotemplate::value::Value;
use crate::gotemplate::{strconv, unicode};

const TIME: Type = Type::Object("time.Time");

pub(super) const FUNCTIONS: &[Function] = &[
    unpredictable("now", &[]),
    unpredictable("ago", &[ANY]),
    fixed("date", &[STR, ANY], |_, a| in_zone(a.text(0)?, &a.any(1), b"UTC")),
    fixed("htmlDate", &[ANY], |_, a| in_zone(b"2006-01-02", &a.any(0), b"UTC")),
    fixed("htmlDateInZone", &[ANY, STR], |_, a| in_zone(b"2006-01-02", &a.any(0), a.text(1)?)),
    fixed("dateInZone", &[STR, ANY, STR], |_, a| in_zone(a.text(0)?, &a.any(1), a.text(2)?)),
    fixed("date_in_zone", &[STR, ANY, STR], |_, a| in_zone(a.text(0)?, &a.any(1), a.text(2)?)),
    fixed("dateModify", &[STR, TIME], |_, a| modify(a).or_else(|_| Ok(a.any(1)))),
    fixed("date_modify", &[STR, TIME], |_, a| modify(a).or_else(|_| Ok(a.any(1)))),
    fixed("mustDateModify", &[STR, TIME], |_, a| modify(a)),
    fixed("must_date_modify", &[STR, TIME], |_, a| modify(a)),
    fixed("toDate", &[STR, STR], |_, a| Ok(parse(a).unwrap_or_else(|_| Time::zero()).into_value())),
    fixed("mustToDate", &[STR, STR], |_, a| parse(a).map(Time::into_value)),
    fixed("unixEpoch", &[TIME], |_, a| {
        Ok(Value::text(Time::from_value(&a.any(0)).map_or(0, |time| time.seconds).to_string()))
    }),
    fixed("duration", &[ANY], duration),
    fixed("durationRound", &[ANY], duration_round),
];

fn in_zone(layout: &[u8], date: &Value, zone: &[u8]) -> Made {
    let time = match date {
        Value::Int(seconds) | Value::Int64(seconds) => Time::from_unix(*seconds),
        other => Time::from_value(other).cloned().ok_or(Fault::Unpredictable)?,
    };
    let zone = String::from_utf8_lossy(zone);
    Ok(Value::text(time.in_zone(&zone).format(&unicode::to_utf8(layout))))
}

fn parse(a: &[Value]) -> Result<Time, Fault> {
    Time::parse(&unicode::to_utf8(a.text(0)?), &unicode::to_utf8(a.text(1)?))
}

fn modify(a: &[Value]) -> Made {
    let duration = parse_duration(&unicode::to_utf8(a.text(0)?))?;
    let time = a.any(1);
    let time = Time::from_value(&time).ok_or_else(|| Fault::error("not a time.Time"))?;
    Ok(time.add(duration).into_value())
}

fn duration(_: &mut Budget, a: &[Value]) -> Made {
    let seconds = match a.any(0) {
        Value::Int64(seconds) => seconds,
        Value::Str(text) => {
            let text = unicode::to_utf8(&text);
            strconv::parse_int(&text, 10).unwrap_or_default()
        }
        _ => 0,
    };
    Ok(Value::text(duration_text(seconds.wrapping_mul(1_000_000_000))))
}

fn duration_round(_: &mut Budget, a: &[Value]) -> Made {
    const SECOND: u64 = 1_000_000_000;
    const UNITS: [(u64, &str); 6] = [
        (SECOND * 3600 * 24 * 365, "y"),
        (SECOND * 3600 * 24 * 30, "mo"),
        (SECOND * 3600 * 24, "d"),
        (SECOND * 3600, "h"),
        (SECOND * 60, "m"),
        (SECOND, "s"),
    ];
    let nanoseconds = match a.any(0) {
        Value::Int64(nanoseconds) => nanoseconds,
        Value::Str(text) => parse_duration(&unicode::to_utf8(&text)).unwrap_or_default(),
        Value::Object(_) => return Err(Fault::Unpredictable),
        _ => 0,
    };
    let magnitude = nanoseconds.unsigned_abs();
    let unit = UNITS.iter().find(|(unit, _)| magnitude > *unit);
    Ok(Value::text(unit.map_or("0s".to_owned(), |(unit, name)| format!("{}{name}", magnitude / unit))))
}
