# Recipes for people; `.ci/run` is what machines run.

# What a change must pass before it is pushed.
ready:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test
    cargo run --quiet -- lint .

# Speed, as ratios within one run. Reads real repositories from $BILLHOOK_CORPUS where it is set.
bench:
    cargo bench

# Ten minutes of one fuzz target (needs cargo-fuzz and a nightly toolchain).
fuzz target seconds="600":
    mkdir -p fuzz/corpus/{{target}}
    cargo +nightly fuzz run {{target}} fuzz/corpus/{{target}} fuzz/seeds/{{target}} -- -max_total_time={{seconds}}

# Look at changed snapshots.
review:
    cargo insta review
