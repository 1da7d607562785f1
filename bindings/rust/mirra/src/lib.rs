#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "ndarray")]
mod array;
mod bundle;
mod callbacks;
mod cancel;
mod engine;
mod error;
mod ffi;
mod files;
mod job;
mod kinds;
mod measure;
mod picture;
mod pixels;
mod records;
#[cfg(doctest)]
mod refused;
mod result;
mod run;
mod schema;
mod session;
mod tensor;
mod trouble;
mod value;
mod view;

pub use image;
pub use mirra_sys as sys;

pub use bundle::{Bundle, BundleInfo, Graph};
pub use callbacks::Progress;
pub use cancel::Cancel;
pub use engine::{Engine, EngineBuilder, LogLevel};
pub use error::{Error, ErrorKind, Result};
pub use files::{FileFormat, Writer, check_write, printable, write_file};
pub use job::{Job, JobError, JobOutcome, JobState, JobStatus};
pub use kinds::{AlphaMode, Color, Format, Rect, Sample, Transfer};
pub use measure::{Comparison, compare};
pub use picture::{Metadata, Picture, PictureInfo, ReadOptions};
pub use pixels::{ColorPixel, Image, IntoView, IntoViewMut};
pub use records::{BundleRecord, Device, PluginRecord, Precision, Runtime};
pub use result::{RunInfo, RunResult};
pub use run::{GoOn, Run, Shape};
pub use schema::{Choice, Direction, Param, Port, Series, Task, Type};
pub use session::{Plan, Session, SessionBuilder, SessionInfo};
pub use tensor::{Element, GraphOptions, Tensor, TensorView, Tensors};
pub use value::Value;
pub use view::{ImageView, ImageViewMut, Layout};

/// Version of the library that runs: major * 10000 + minor * 100 + patch.
#[must_use]
pub fn version() -> u32 {
    // SAFETY: the function takes nothing.
    unsafe { sys::mirra_version() }
}

/// The same as text: `"0.1.0"`.
#[must_use]
pub fn version_text() -> &'static str {
    // SAFETY: a static string.
    unsafe { ffi::text_ref(sys::mirra_version_string()) }
}

/// ABI version of the library that runs: 1.
#[must_use]
pub fn abi_version() -> u32 {
    // SAFETY: the function takes nothing.
    unsafe { sys::mirra_abi_version() }
}
