//! An engine that renders nothing: where the recipes are wanted, not what they make.

use billhook::render::{Checkout, Engine, Failure, Program, Recipe};

/// Renders nothing.
#[derive(Debug)]
pub struct Idle;

impl Engine for Idle {
    fn version(&self, _: Program) -> Result<String, Failure> {
        Ok("0.0.0".to_owned())
    }

    fn identity(&self, _: Program) -> Result<String, Failure> {
        Ok(String::new())
    }

    fn render(&self, _: &Recipe, _: &Checkout) -> Result<String, Failure> {
        Ok(String::new())
    }
}
