//! What a plugin in Rust stands on: the functions of `mirra_plugin.h` with owners, results and checks. `bindings.rs`
//! is the header itself, for all that has no wrapper here.
//!
//! A panic of a plugin's reaches the caller of the run as an error, as every [`Failure`] does.

// A plugin takes of it what it needs.
#![allow(dead_code, unused_imports)]

#[rustfmt::skip]
#[allow(non_camel_case_types, non_upper_case_globals, non_snake_case, clippy::all, clippy::pedantic)]
mod bindings;
mod host;
mod task;

use std::ffi::CString;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub use bindings::*;
pub use host::*;
pub use task::*;

/// Why a function failed.
pub enum Failure {
    /// What the host said.
    Host(HostError),
    /// What the plugin says: one of `MIRRA_E_*`, one sentence, what it is about (a parameter, a port, a file), and what
    /// to do about it.
    Own {
        status: mirra_status,
        message: String,
        subject: String,
        hint: String,
    },
}

pub type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub fn new(
        status: mirra_status,
        message: impl Into<String>,
        subject: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self::Own {
            status,
            message: message.into(),
            subject: subject.into(),
            hint: hint.into(),
        }
    }

    /// Gives it to the host.
    pub(super) fn into_raw(self, host: &mirra_host_api) -> (mirra_status, *mut mirra_error) {
        match self {
            Self::Host(error) => {
                let error = ManuallyDrop::new(error);
                (error.status, error.error)
            }
            Self::Own {
                status,
                message,
                subject,
                hint,
            } => {
                let text =
                    |text: String| CString::new(text.replace('\0', "\\0")).unwrap_or_default();
                let (message, subject, hint) = (text(message), text(subject), text(hint));
                let create = wanted(host.error_create);
                // SAFETY: texts are copied.
                let error = unsafe {
                    create(
                        host,
                        status,
                        message.as_ptr(),
                        subject.as_ptr(),
                        hint.as_ptr(),
                    )
                };
                (status, error)
            }
        }
    }
}

/// An error of the host's own.
pub struct HostError {
    pub(super) api: *const mirra_host_api,
    pub(super) status: mirra_status,
    pub(super) error: *mut mirra_error,
}

impl Drop for HostError {
    fn drop(&mut self) {
        // SAFETY: the table lives as long as the process, and the error is nobody else's.
        unsafe { wanted((*self.api).error_destroy)(self.api, self.error) }
    }
}

/// A function of the host's, all of which are there in ABI 1.
pub fn wanted<F>(function: Option<F>) -> F {
    function.expect("a function of ABI 1")
}

/// Runs a function of the plugin's: failures and panics become a status and an error of the host's.
///
/// # Safety
/// `api` is the host's table, and `error` may be written.
pub unsafe fn guarded(
    api: *const mirra_host_api,
    error: *mut *mut mirra_error,
    action: impl FnOnce() -> Result<()>,
) -> mirra_status {
    let failure = match catch_unwind(AssertUnwindSafe(action)) {
        Ok(Ok(())) => return MIRRA_OK,
        Ok(Err(failure)) => failure,
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            let message = format!("the plugin {} panicked: {text}", env!("CARGO_PKG_NAME"));
            Failure::new(MIRRA_E_INTERNAL, message, "", "")
        }
    };
    // SAFETY: the caller's promise.
    let (status, made) = failure.into_raw(unsafe { &*api });
    // SAFETY: the same.
    unsafe { *error = made };
    status
}

/// A struct of zeros, of which zero is every field's default.
pub const fn zeroed<T: Plain>() -> T {
    // SAFETY: `Plain` says that zeros are a value.
    unsafe { std::mem::zeroed() }
}

/// Structs of the header that may be all zeros.
///
/// # Safety
/// They may.
pub unsafe trait Plain {}
// SAFETY: numbers, pointers, and functions that may be missing.
unsafe impl Plain for mirra_value {}
// SAFETY: the same.
unsafe impl Plain for mirra_named_tensor {}
// SAFETY: the same.
unsafe impl Plain for mirra_port_info {}
// SAFETY: the same.
unsafe impl Plain for mirra_param_info {}
// SAFETY: the same.
unsafe impl Plain for mirra_task {}
// SAFETY: the same.
unsafe impl Plain for mirra_host_api {}

/// The function that a plugin exports: its id, its version, and its tasks, which are statics.
macro_rules! plugin {
    ($id:literal, $version:literal, $($task:ident),+) => {
        unsafe extern "C" fn init(
            api: *const $crate::mirra::mirra_host_api,
            _abi: u32,
            error: *mut *mut $crate::mirra::mirra_error,
        ) -> $crate::mirra::mirra_status {
            // SAFETY: the host's own table.
            unsafe { $crate::mirra::register(api, error, &[$(&$task),+]) }
        }

        /// What Mirra calls first.
        ///
        /// # Safety
        /// `info` may be written.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn mirra_plugin_query_v1(
            _host: *const $crate::mirra::mirra_host_info,
            info: *mut $crate::mirra::mirra_plugin_info,
        ) -> $crate::mirra::mirra_status {
            // SAFETY: the caller's promise.
            let info = unsafe { &mut *info };
            (info.abi_min, info.abi_max) = (1, $crate::mirra::MIRRA_PLUGIN_ABI);
            (info.id, info.version) = ($id.as_ptr(), $version.as_ptr());
            info.init = Some(init);
            $crate::mirra::MIRRA_OK
        }
    };
}
pub(crate) use plugin;
