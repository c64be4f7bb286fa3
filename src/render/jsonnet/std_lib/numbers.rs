//! Mathematics to the last bit as Go has it, and numbers as text.

use jrsonnet_evaluator::function::builtin;
use jrsonnet_evaluator::{IStr, NumValue, ObjValueBuilder, Result, Val};
use std::f64::consts::{FRAC_PI_2, LN_2, LN_10};

pub(super) fn replace(std: &mut ObjValueBuilder) {
    std.method("mantissa", builtin_mantissa {});
    std.method("exponent", builtin_exponent {});
    std.method("log2", builtin_log2 {});
    std.method("log10", builtin_log10 {});
    std.method("acos", builtin_acos {});
    std.method("toString", builtin_to_string {});
}

#[builtin]
fn builtin_mantissa(x: f64) -> f64 {
    frexp(x).0
}

#[builtin]
fn builtin_exponent(x: f64) -> i32 {
    frexp(x).1
}

/// By way of the exponent, so that powers of two come out whole (Go's `math.Log2`).
#[builtin]
fn builtin_log2(x: f64) -> f64 {
    log2(x)
}

/// `math.Log10` of Go: the logarithm to base two, scaled.
#[builtin]
fn builtin_log10(x: f64) -> f64 {
    log2(x) * (LN_2 / LN_10)
}

/// `math.Acos` of Go: what the arc sine leaves of a right angle.
#[builtin]
fn builtin_acos(x: f64) -> f64 {
    FRAC_PI_2 - x.asin()
}

/// Numbers have 17 digits, where the manifest has as few as tell them apart.
#[builtin]
fn builtin_to_string(a: Val) -> Result<IStr> {
    match a {
        Val::Num(number) => Ok(unparse(number).into()),
        other => other.to_string(),
    }
}

fn log2(x: f64) -> f64 {
    let (fraction, exponent) = frexp(x);
    if fraction == 0.5 { f64::from(exponent - 1) } else { fraction.ln() * (1.0 / LN_2) + f64::from(exponent) }
}

/// Splits `x` into a fraction from 0.5 below 1 and a power of two.
fn frexp(x: f64) -> (f64, i32) {
    if x == 0.0 || !x.is_finite() {
        return (x, 0);
    }
    let (x, scaled) = if x.abs() < f64::MIN_POSITIVE { (x * (1u64 << 52) as f64, 52) } else { (x, 0) };
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1022 - scaled;
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), exponent)
}

/// Whole numbers in full, others as C's `%.17g` (`unparseNumber` of go-jsonnet).
fn unparse(number: NumValue) -> String {
    let value = number.get();
    if value == value.floor() {
        return format!("{value:.0}");
    }
    let scientific = format!("{value:.16e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..17).contains(&exponent) {
        let fixed = format!("{value:.*}", (16 - exponent) as usize);
        return fixed.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_text() {
        for (value, expected) in [
            (0.1, "0.10000000000000001"),
            (1.0 / 3.0, "0.33333333333333331"),
            (14.4, "14.4"),
            (1e-5, "1.0000000000000001e-05"),
            (-3e-300, "-3.0000000000000002e-300"),
            (-0.0, "-0"),
            (1e21, "1000000000000000000000"),
            (123_456_789.5, "123456789.5"),
        ] {
            assert_eq!(unparse(NumValue::new(value).expect("finite")), expected);
        }
    }

    #[test]
    fn fractions() {
        for (value, expected) in
            [(10.0, (0.625, 4)), (-0.5, (-0.5, 0)), (5e-324, (0.5, -1073)), (0.0, (0.0, 0))]
        {
            assert_eq!(frexp(value), expected, "{value}");
        }
    }
}
