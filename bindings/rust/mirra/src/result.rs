use std::fmt;
use std::ptr;

use mirra_sys as sys;

use crate::ffi::{self, Handle, Struct};
use crate::{Precision, Result, Tensors, Value};

/// What a run gave besides images.
pub struct RunResult(Handle<sys::mirra_result>);

/// How a run went.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RunInfo {
    /// The device that made it.
    pub device: String,
    /// The precision that made it.
    pub precision: Precision,
    /// Why that precision.
    pub precision_reason: String,
    /// Wall clock of the run.
    pub seconds: f64,
    /// How many tiles there were.
    pub tile_count: u64,
    /// The most that tensors and buffers held; `base_bytes` not included.
    pub peak_bytes: u64,
    /// Of the runtime's library.
    pub base_bytes: u64,
    /// What its networks did, in multiplications with an addition each.
    pub multiply_accumulates: u64,
}

impl RunResult {
    pub(crate) fn new(handle: Handle<sys::mirra_result>) -> Self {
        Self(handle)
    }

    /// How it went.
    pub fn info(&self) -> Result<RunInfo> {
        let info = self.raw_info()?;
        // SAFETY: the strings live as long as the result.
        Ok(unsafe {
            RunInfo {
                device: ffi::text(info.device),
                precision: Precision::from_raw(info.precision),
                precision_reason: ffi::text(info.precision_reason),
                seconds: info.seconds,
                tile_count: info.tile_count,
                peak_bytes: info.peak_bytes,
                base_bytes: info.base_bytes,
                multiply_accumulates: info.multiply_accumulates,
            }
        })
    }

    /// A value by name, such as the noise level that the denoiser found (`"sigma_estimated"`).
    pub fn value(&self, name: &str) -> Result<Value> {
        let name = ffi::c_text(name)?;
        let raw: sys::mirra_value = ffi::filled(|value, error| unsafe {
            sys::mirra_result_find(self.0.get(), name.as_ptr(), value, error)
        })?;
        // SAFETY: its text lives as long as the result.
        Ok(unsafe { Value::from_raw(&raw) })
    }

    /// All values with their names.
    pub fn values(&self) -> Result<Vec<(String, Value)>> {
        (0..self.raw_info()?.value_count)
            .map(|index| {
                let (mut name, mut raw) = (ptr::null(), sys::mirra_value::sized());
                ffi::check(|error| unsafe {
                    sys::mirra_result_value(self.0.get(), index, &raw mut name, &raw mut raw, error)
                })?;
                // SAFETY: texts live as long as the result.
                Ok(unsafe { (ffi::text(name), Value::from_raw(&raw)) })
            })
            .collect()
    }

    /// The tensors among the results.
    pub fn tensors(&self) -> Result<Tensors> {
        Tensors::made(|tensors, error| unsafe { sys::mirra_result_tensors(self.0.get(), tensors, error) })
    }

    fn raw_info(&self) -> Result<sys::mirra_result_info> {
        ffi::filled(|info, error| unsafe { sys::mirra_result_get_info(self.0.get(), info, error) })
    }
}

impl fmt::Debug for RunResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunResult").field("info", &self.info()).field("values", &self.values()).finish()
    }
}
