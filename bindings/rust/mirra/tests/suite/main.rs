//! The tests of the crate, in one program.
#![allow(clippy::float_cmp, reason = "values are stated and given exactly")]

mod callbacks;
mod conformance;
mod example;
mod images;
mod jobs;
mod pictures;
mod schema;
mod support;
mod tensors;
mod threads;
