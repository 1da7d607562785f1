//! What an engine found: devices, bundles, plugins, the runtime module.

use std::path::PathBuf;

use mirra_sys as sys;

use crate::ffi;

/// The numbers that networks compute in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// bf16 where the device is faster in it and the bundle's manifest says that the loss was measured below 0.02 dB;
    /// else fp32.
    #[default]
    Auto,
    /// 32-bit floats.
    Fp32,
    /// Brain floats of 16 bits.
    Bf16,
    /// 16-bit floats.
    Fp16,
}

impl Precision {
    /// `"auto"`, `"fp32"`, `"bf16"`, `"fp16"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        // SAFETY: the function takes any number and gives a static string.
        unsafe { ffi::text_ref(sys::mirra_precision_name(self.raw())) }
    }

    pub(crate) fn raw(self) -> sys::mirra_precision {
        match self {
            Self::Auto => sys::MIRRA_PRECISION_AUTO,
            Self::Fp32 => sys::MIRRA_PRECISION_FP32,
            Self::Bf16 => sys::MIRRA_PRECISION_BF16,
            Self::Fp16 => sys::MIRRA_PRECISION_FP16,
        }
    }

    pub(crate) fn from_raw(raw: sys::mirra_precision) -> Self {
        match raw {
            sys::MIRRA_PRECISION_FP32 => Self::Fp32,
            sys::MIRRA_PRECISION_BF16 => Self::Bf16,
            sys::MIRRA_PRECISION_FP16 => Self::Fp16,
            _ => Self::Auto,
        }
    }
}

/// A processor or card.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// What callers write: `"cpu"`, `"cuda:0"`.
    pub id: String,
    /// Of the processor or card.
    pub name: String,
    /// Whether sessions can be made on it.
    pub usable: bool,
    /// Why it cannot be used, and what to do; `""` if usable.
    pub reason: String,
    /// In all; 0: unknown.
    pub memory_bytes: u64,
    /// What the hardware supports.
    pub precisions: Vec<Precision>,
}

impl Device {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_device_info) -> Self {
        let all = [Precision::Fp32, Precision::Bf16, Precision::Fp16];
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                id: ffi::text(info.id),
                name: ffi::text(info.name),
                usable: info.usable != 0,
                reason: ffi::text(info.reason),
                memory_bytes: info.memory_bytes,
                precisions: all.into_iter().filter(|p| info.precisions & (1 << p.raw()) != 0).collect(),
            }
        }
    }
}

/// A bundle that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BundleRecord {
    /// Of the file.
    pub path: PathBuf,
    /// Of the manifest; `""` if it cannot be read.
    pub name: String,
    /// The task that it is for; `""` likewise.
    pub task: String,
    /// What [`SessionBuilder::quality`](crate::SessionBuilder::quality) takes for the task; `""` for a bundle that is
    /// none of the task's default ones.
    pub quality: String,
    /// Whether sessions can be made of it.
    pub usable: bool,
    /// Why it cannot be used, and what to do; `""` if usable.
    pub reason: String,
    /// Size of the file.
    pub bytes: u64,
}

impl BundleRecord {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_bundle_record) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                path: ffi::path(info.path),
                name: ffi::text(info.name),
                task: ffi::text(info.task),
                quality: ffi::text(info.quality),
                usable: info.usable != 0,
                reason: ffi::text(info.reason),
                bytes: info.bytes,
            }
        }
    }
}

/// A file that was looked at in the search for plugins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginRecord {
    /// Of the file.
    pub path: PathBuf,
    /// `""` if the file did not come so far.
    pub id: String,
    /// `""` likewise.
    pub version: String,
    /// Whether its tasks are there.
    pub loaded: bool,
    /// Why it was passed over, and what to do; `""` if loaded.
    pub reason: String,
    /// Plugin ABI version agreed on; 0 if none was.
    pub abi: u32,
    /// How many tasks it brought.
    pub task_count: u32,
    /// Names of its tasks that another plugin had brought before: they are had as `"ID:TASK"` only.
    pub taken_tasks: Vec<String>,
}

impl PluginRecord {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_plugin_record) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                path: ffi::path(info.path),
                id: ffi::text(info.id),
                version: ffi::text(info.version),
                loaded: info.loaded != 0,
                reason: ffi::text(info.reason),
                abi: info.abi,
                task_count: info.task_count,
                taken_tasks: ffi::texts(info.taken_tasks, info.taken_task_count),
            }
        }
    }
}

/// What came of loading the runtime module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Runtime {
    /// Whether it is loaded.
    pub usable: bool,
    /// Why it cannot be used, and what to do; `""` if usable.
    pub reason: String,
    /// File of the module; empty if none was found.
    pub path: PathBuf,
    /// What the module says of itself.
    pub version: String,
    /// Resident memory that loading it added to the process.
    pub base_bytes: u64,
    /// File of the LibTorch that is loaded; empty if none is.
    pub libtorch_path: PathBuf,
    /// Why that file.
    pub libtorch_origin: String,
    /// What that file says of itself: `"2.11.0"`.
    pub libtorch_version: String,
}

impl Runtime {
    /// # Safety
    /// The library filled `info`, and its strings are alive.
    pub(crate) unsafe fn from_raw(info: &sys::mirra_runtime_info) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                usable: info.usable != 0,
                reason: ffi::text(info.reason),
                path: ffi::path(info.path),
                version: ffi::text(info.version),
                base_bytes: info.base_bytes,
                libtorch_path: ffi::path(info.libtorch_path),
                libtorch_origin: ffi::text(info.libtorch_origin),
                libtorch_version: ffi::text(info.libtorch_version),
            }
        }
    }
}
