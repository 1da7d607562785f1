//! How this crate calls the library.
//!
//! Every call passes pointers that are live during the call: a [`Handle`] lives as long as its owner, strings are
//! [`CString`]s of the caller's frame, and structs come from [`Struct::sized`]. `unsafe` blocks that rely on no more than
//! this say nothing further.

use std::ffi::{CStr, CString, OsStr, c_char};
use std::mem;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::{self, NonNull};

use mirra_sys as sys;

use crate::{Error, ErrorKind, Result};

/// A struct of `mirra.h` that begins with its size.
///
/// # Safety
/// All of its fields may be zero.
pub(crate) unsafe trait Struct: Sized {
    /// All fields zero, but for the size.
    fn sized() -> Self;
}

macro_rules! structs {
    ($($name:ident)*) => {$(
        // SAFETY: the structs of `mirra.h` hold numbers and pointers that may be null: zero is every field's default.
        unsafe impl Struct for sys::$name {
            fn sized() -> Self {
                // SAFETY: as above.
                let mut made: Self = unsafe { mem::zeroed() };
                made.struct_size = size_of::<Self>() as u32;
                made
            }
        }
    )*};
}

structs! {
    mirra_rect mirra_engine_options mirra_task_info mirra_port_info mirra_param_info mirra_bundle_record
    mirra_plugin_record mirra_device_info mirra_runtime_info mirra_bundle_info mirra_graph_info mirra_image
    mirra_read_options mirra_picture_info mirra_write_options mirra_comparison mirra_graph_options
    mirra_session_options mirra_value mirra_session_info mirra_plan mirra_source mirra_sink mirra_port_value
    mirra_run_options mirra_result_info mirra_job_status
}

type Raw = *mut *mut sys::mirra_error;

/// Makes a call, and its status and error a [`Result`].
pub(crate) fn check(call: impl FnOnce(Raw) -> sys::mirra_status) -> Result<()> {
    let mut error = ptr::null_mut();
    match call(&raw mut error) {
        sys::MIRRA_OK => Ok(()),
        status => Err(Error::take(status, error)),
    }
}

/// Makes a call that fills a struct.
pub(crate) fn filled<T: Struct>(call: impl FnOnce(*mut T, Raw) -> sys::mirra_status) -> Result<T> {
    let mut value = T::sized();
    check(|error| call(&raw mut value, error))?;
    Ok(value)
}

/// Makes a call that gives a pointer.
pub(crate) fn given<T>(call: impl FnOnce(*mut *mut T, Raw) -> sys::mirra_status) -> Result<NonNull<T>> {
    let mut pointer = ptr::null_mut();
    check(|error| call(&raw mut pointer, error))?;
    NonNull::new(pointer).ok_or_else(|| Error::new(ErrorKind::Internal, "the library gave no object"))
}

/// A type of `mirra.h` that is owned by pointer.
pub(crate) trait Owned {
    /// # Safety
    /// `this` is live, and not used again.
    unsafe fn destroy(this: *mut Self);
}

/// Owns an object of the library.
pub(crate) struct Handle<T: Owned>(NonNull<T>);

// SAFETY: objects of the library are used and destroyed from any thread. What `mirra.h` allows one thread at a time only
// takes `&mut self` in this crate.
unsafe impl<T: Owned> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Owned> Sync for Handle<T> {}

impl<T: Owned> Handle<T> {
    /// Takes over what a call gives.
    pub(crate) fn made(call: impl FnOnce(*mut *mut T, Raw) -> sys::mirra_status) -> Result<Self> {
        given(call).map(Self)
    }

    pub(crate) fn get(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: Owned> Drop for Handle<T> {
    fn drop(&mut self) {
        // SAFETY: the handle owns the object.
        unsafe { T::destroy(self.0.as_ptr()) }
    }
}

macro_rules! owned {
    ($($name:ident $destroy:ident;)*) => {$(
        impl Owned for sys::$name {
            unsafe fn destroy(this: *mut Self) {
                // SAFETY: the caller's promise.
                unsafe { sys::$destroy(this) }
            }
        }
    )*};
}

owned! {
    mirra_error mirra_error_destroy;
    mirra_engine mirra_engine_destroy;
    mirra_bundle mirra_bundle_destroy;
    mirra_picture mirra_picture_destroy;
    mirra_tensors mirra_tensors_destroy;
    mirra_session mirra_session_destroy;
    mirra_cancel mirra_cancel_destroy;
    mirra_result mirra_result_destroy;
    mirra_job mirra_job_destroy;
}

/// Memory that a function gave to its caller.
pub(crate) struct Bytes {
    data: NonNull<std::ffi::c_void>,
    size: usize,
}

impl Bytes {
    pub(crate) fn made(
        call: impl FnOnce(*mut *mut std::ffi::c_void, *mut usize, Raw) -> sys::mirra_status,
    ) -> Result<Self> {
        let mut size = 0;
        let data = given(|data, error| call(data, &raw mut size, error))?;
        Ok(Self { data, size })
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        // SAFETY: the library gave so many bytes.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr().cast::<u8>(), self.size) }.to_vec()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        // SAFETY: the library gave them to this caller.
        unsafe { sys::mirra_memory_free(self.data.as_ptr()) }
    }
}

/// A text of Rust's for the library.
pub(crate) fn c_text(text: impl AsRef<[u8]>) -> Result<CString> {
    let text = text.as_ref();
    CString::new(text).map_err(|_| {
        let shown = String::from_utf8_lossy(text).replace('\0', "\\0");
        Error::new(ErrorKind::InvalidArgument, "a text has a NUL in it").with_subject(shown)
    })
}

pub(crate) fn c_path(path: impl AsRef<Path>) -> Result<CString> {
    c_text(path.as_ref().as_os_str().as_bytes())
}

/// NULL for none.
pub(crate) fn or_null(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

/// # Safety
/// `text` is null or a string that lives as long as the caller says.
unsafe fn c_str<'a>(text: *const c_char) -> &'a CStr {
    // SAFETY: the caller's promise.
    if text.is_null() { c"" } else { unsafe { CStr::from_ptr(text) } }
}

/// A copy of a string of the library's; what is no UTF-8 is replaced.
///
/// # Safety
/// `text` is null or a live string.
pub(crate) unsafe fn text(text: *const c_char) -> String {
    // SAFETY: the caller's promise.
    unsafe { c_str(text) }.to_string_lossy().into_owned()
}

/// # Safety
/// `text` is null or a string that lives for `'a`.
pub(crate) unsafe fn text_ref<'a>(text: *const c_char) -> &'a str {
    // SAFETY: the caller's promise.
    unsafe { c_str(text) }.to_str().unwrap_or_default()
}

/// # Safety
/// `text` is null or a live string.
pub(crate) unsafe fn path(text: *const c_char) -> PathBuf {
    // SAFETY: the caller's promise.
    PathBuf::from(OsStr::from_bytes(unsafe { c_str(text) }.to_bytes()))
}

/// # Safety
/// `texts` is null or has `count` live strings.
pub(crate) unsafe fn texts(texts: *const *const c_char, count: u32) -> Vec<String> {
    if texts.is_null() {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    (0..count as usize).map(|index| unsafe { text(*texts.add(index)) }).collect()
}

/// # Safety
/// `text` is a string that a function gave to its caller.
pub(crate) unsafe fn take_text(given: NonNull<c_char>) -> String {
    // SAFETY: the caller's promise.
    let copy = unsafe { text(given.as_ptr()) };
    // SAFETY: likewise.
    unsafe { sys::mirra_string_free(given.as_ptr()) };
    copy
}
