//! Arithmetic and conversions to numbers, which sprig leaves to spf13/cast and shopspring/decimal.

use num_bigint::{BigInt, Sign};

use super::{ANY, INT, Made, STR, fixed, unpredictable, variadic};
use crate::gotemplate::function::{Arguments, Budget, Fault, Function, Type};
use crate::gotemplate::value::{Elem, List, Value};
use crate::gotemplate::{print, strconv};

pub(super) const FUNCTIONS: &[Function] = &[
    fixed("int", &[ANY], |_, a| Ok(Value::Int(to_int64(&a.any(0))))),
    fixed("int64", &[ANY], |_, a| Ok(Value::Int64(to_int64(&a.any(0))))),
    fixed("float64", &[ANY], |_, a| Ok(Value::Float(to_float(&a.any(0))))),
    fixed("atoi", &[STR], |_, a| Ok(Value::Int(atoi(a.text(0)?)))),
    fixed("toDecimal", &[ANY], to_decimal),
    fixed("add1", &[ANY], |_, a| Ok(Value::Int64(to_int64(&a.any(0)).wrapping_add(1)))),
    variadic("add", &[ANY], |_, a| Ok(Value::Int64(a.iter().map(to_int64).fold(0, i64::wrapping_add)))),
    fixed("sub", &[ANY, ANY], |_, a| Ok(Value::Int64(to_int64(&a[0]).wrapping_sub(to_int64(&a[1]))))),
    fixed("div", &[ANY, ANY], |_, a| divided(a, i64::wrapping_div)),
    fixed("mod", &[ANY, ANY], |_, a| divided(a, i64::wrapping_rem)),
    variadic("mul", &[ANY, ANY], |_, a| Ok(Value::Int64(a.iter().map(to_int64).fold(1, i64::wrapping_mul)))),
    variadic("max", &[ANY, ANY], |_, a| Ok(Value::Int64(a.iter().map(to_int64).max().unwrap_or_default()))),
    variadic("biggest", &[ANY, ANY], |_, a| {
        Ok(Value::Int64(a.iter().map(to_int64).max().unwrap_or_default()))
    }),
    variadic("min", &[ANY, ANY], |_, a| Ok(Value::Int64(a.iter().map(to_int64).min().unwrap_or_default()))),
    variadic("maxf", &[ANY, ANY], |_, a| Ok(extreme(a, |a, b| if b > a { b } else { a }))),
    variadic("minf", &[ANY, ANY], |_, a| Ok(extreme(a, |a, b| if b < a { b } else { a }))),
    fixed("floor", &[ANY], |_, a| Ok(Value::Float(to_float(&a.any(0)).floor()))),
    fixed("ceil", &[ANY], |_, a| Ok(Value::Float(to_float(&a.any(0)).ceil()))),
    variadic("round", &[ANY, INT, Type::Float], round),
    fixed("add1f", &[ANY], |_, a| decimal(&[a.any(0), Value::Float(1.0)], Decimal::add)),
    variadic("addf", &[ANY], |_, a| {
        let all: Vec<Value> = std::iter::once(Value::Float(0.0)).chain(a.iter().cloned()).collect();
        decimal(&all, Decimal::add)
    }),
    variadic("subf", &[ANY, ANY], |_, a| decimal(a, |a, b| a.add(b.negated()))),
    variadic("mulf", &[ANY, ANY], |_, a| decimal(a, Decimal::multiply)),
    variadic("divf", &[ANY, ANY], |_, a| decimal(a, Decimal::divide)),
    variadic("seq", &[INT], seq),
    fixed("until", &[INT], |budget, a| {
        let count = a.int(0)?;
        steps(budget, 0, count, if count < 0 { -1 } else { 1 }).map(ints)
    }),
    fixed("untilStep", &[INT, INT, INT], |budget, a| {
        steps(budget, a.int(0)?, a.int(1)?, a.int(2)?).map(ints)
    }),
    unpredictable("randInt", &[INT, INT]),
];

/// `cast.ToInt64`: zero for whatever is no number.
pub(super) fn to_int64(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => *number as i64,
        Value::Float(number) => truncate(*number),
        Value::Bool(flag) => i64::from(*flag),
        Value::Str(text) => std::str::from_utf8(text)
            .ok()
            .and_then(|text| strconv::parse_int(trim_zero_decimal(text), 0))
            .unwrap_or_default(),
        _ => 0,
    }
}

/// A float as an integer the way amd64 converts it: whatever does not fit is the smallest number.
fn truncate(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// `3.00` is `3`, which cast takes for an integer.
fn trim_zero_decimal(text: &str) -> &str {
    let trimmed = text.trim_end_matches('0');
    match trimmed.strip_suffix('.') {
        Some(whole) if trimmed.len() < text.len() => whole,
        _ => text,
    }
}

/// `cast.ToFloat64`.
pub(super) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        Value::Uint64(number) => *number as f64,
        Value::Str(text) => std::str::from_utf8(text).ok().and_then(strconv::parse_float).unwrap_or_default(),
        other => to_int64(other) as f64,
    }
}

fn atoi(text: &[u8]) -> i64 {
    std::str::from_utf8(text).ok().and_then(|text| strconv::parse_int(text, 10)).unwrap_or_default()
}

fn to_decimal(_: &mut Budget, a: &[Value]) -> Made {
    let text = print::to_bytes(&a.any(0))?;
    let number = std::str::from_utf8(&text).ok().and_then(|text| strconv::parse_int(text, 8));
    Ok(Value::Int64(number.unwrap_or_default()))
}

fn divided(a: &[Value], operation: fn(i64, i64) -> i64) -> Made {
    match to_int64(&a.any(1)) {
        0 => Err(Fault::error("runtime error: integer divide by zero")),
        divisor => Ok(Value::Int64(operation(to_int64(&a.any(0)), divisor))),
    }
}

fn extreme(a: &[Value], pick: impl Fn(f64, f64) -> f64) -> Value {
    let numbers = a.iter().map(to_float);
    Value::Float(
        numbers
            .reduce(|a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { pick(a, b) })
            .unwrap_or_default(),
    )
}

fn round(_: &mut Budget, a: &[Value]) -> Made {
    let number = to_float(&a.any(0));
    let places = a.int(1)?;
    let on = match a.get(2) {
        Some(Value::Float(on)) => *on,
        _ => 0.5,
    };
    let power = 10f64.powi(i32::try_from(places.clamp(-400, 400)).unwrap_or_default());
    let digit = power * number;
    let rounded = if digit.fract() >= on { digit.ceil() } else { digit.floor() };
    Ok(Value::Float(rounded / power))
}

fn ints(numbers: Vec<i64>) -> Value {
    Value::List(List::new(Elem::Int, numbers.into_iter().map(Value::Int).collect()))
}

fn steps(budget: &mut Budget, start: i64, stop: i64, step: i64) -> Result<Vec<i64>, Fault> {
    let fits = if stop < start { step < 0 } else { step > 0 };
    if !fits || start == stop {
        return Ok(Vec::new());
    }
    let distance = i128::from(stop) - i128::from(start);
    let count = (distance.abs() + i128::from(step).abs() - 1) / i128::from(step).abs();
    budget.take_elements(usize::try_from(count).unwrap_or(usize::MAX))?;
    let mut numbers = Vec::new();
    for index in 0..count {
        numbers.push((i128::from(start) + index * i128::from(step)) as i64);
    }
    Ok(numbers)
}

fn seq(budget: &mut Budget, a: &[Value]) -> Made {
    let numbers = a.iter().map(to_int64).collect::<Vec<_>>();
    let (start, end, step) = match numbers.as_slice() {
        [end] => (1, *end, if *end < 1 { -1 } else { 1 }),
        [start, end] => (*start, *end, if end < start { -1 } else { 1 }),
        [start, step, end] if end < start && *step > 0 => return Ok(Value::text("")),
        [start, step, end] => (*start, *end, *step),
        _ => return Ok(Value::text("")),
    };
    let past = end.saturating_add(if end < start { -1 } else { 1 });
    let numbers = steps(budget, start, past, step)?;
    let words: Vec<String> = numbers.iter().map(i64::to_string).collect();
    Ok(Value::text(words.join(" ")))
}

/// A decimal number: `digits` times ten to the power of `exponent`.
struct Decimal {
    digits: BigInt,
    exponent: i64,
}

impl Decimal {
    fn of(value: &Value) -> Result<Decimal, Fault> {
        let number = to_float(value);
        if !number.is_finite() {
            let printed = strconv::format_float(number, 'g', None);
            return Err(Fault::Error(format!("Cannot create a Decimal from {printed}")));
        }
        let (digits, point) = strconv::shortest(number);
        let exponent = i64::from(point) - digits.len() as i64;
        let magnitude = BigInt::parse_bytes(digits.as_bytes(), 10).unwrap_or_default();
        let digits = if number < 0.0 { -magnitude } else { magnitude };
        Ok(Decimal { digits, exponent })
    }

    fn negated(self) -> Decimal {
        Decimal { digits: -self.digits, ..self }
    }

    fn scaled(&self, exponent: i64) -> BigInt {
        &self.digits * power_of_ten(self.exponent - exponent)
    }

    fn add(self, other: Decimal) -> Result<Decimal, Fault> {
        let exponent = self.exponent.min(other.exponent);
        Ok(Decimal { digits: self.scaled(exponent) + other.scaled(exponent), exponent })
    }

    fn multiply(self, other: Decimal) -> Result<Decimal, Fault> {
        Ok(Decimal { digits: self.digits * other.digits, exponent: self.exponent + other.exponent })
    }

    /// Division to sixteen places, half away from zero.
    fn divide(self, other: Decimal) -> Result<Decimal, Fault> {
        const PLACES: i64 = 16;
        if other.digits.sign() == Sign::NoSign {
            return Err(Fault::error("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + PLACES;
        let (dividend, divisor) = if shift < 0 {
            (self.digits, other.digits * power_of_ten(-shift))
        } else {
            (self.digits * power_of_ten(shift), other.digits)
        };
        let (mut quotient, rest) = (&dividend / &divisor, &dividend % &divisor);
        if rest.magnitude() * 2u8 >= *divisor.magnitude() {
            let away = if dividend.sign() == divisor.sign() { 1 } else { -1 };
            quotient += away;
        }
        Ok(Decimal { digits: quotient, exponent: -PLACES })
    }

    fn to_float(&self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or_default()
    }
}

fn power_of_ten(exponent: i64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or_default())
}

/// Applies the operation from left to right and gives the nearest float.
fn decimal(a: &[Value], operation: impl Fn(Decimal, Decimal) -> Result<Decimal, Fault>) -> Made {
    let Some((first, rest)) = a.split_first() else {
        return Ok(Value::Float(0.0));
    };
    let mut result = Decimal::of(first)?;
    for value in rest {
        result = operation(result, Decimal::of(value)?)?;
    }
    Ok(Value::Float(result.to_float()))
}
