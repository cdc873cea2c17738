//! Sample recordings for `make demo`.
