#![doc = include_str!("../README.md")]
#![no_std]
#![allow(non_camel_case_types, non_upper_case_globals, non_snake_case)]

#[rustfmt::skip]
#[allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, reason = "comments of C")]
mod bindings;

pub use bindings::*;
