//! Arguments, exit codes, one file per command. The only room that prints, reads the environment and exits.

mod args;
mod exit;
