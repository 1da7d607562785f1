//! Tensors, which cross as structures of DLPack.

use std::ffi::c_void;
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;
use std::ptr::{self, NonNull};

use mirra_sys as sys;

use crate::ffi::{self, Bytes, Handle};
use crate::{Error, ErrorKind, Result};

/// A type of the numbers of a tensor.
///
/// # Safety
/// Any bytes are a value of the type, and [`TYPE`](Element::TYPE) is how it lies in memory.
pub unsafe trait Element: Copy + Send + Sync + 'static {
    /// What DLPack calls it.
    const TYPE: sys::DLDataType;
}

macro_rules! elements {
    ($($(#[$meta:meta])* $element:ty = $code:ident $bits:literal;)*) => {$(
        $(#[$meta])*
        // SAFETY: numbers.
        unsafe impl Element for $element {
            const TYPE: sys::DLDataType = sys::DLDataType { code: sys::$code as u8, bits: $bits, lanes: 1 };
        }
    )*};
}

elements! {
    f32 = kDLFloat 32;
    f64 = kDLFloat 64;
    #[cfg(feature = "half")] half::f16 = kDLFloat 16;
    #[cfg(feature = "half")] half::bf16 = kDLBfloat 16;
}

fn same_type(a: sys::DLDataType, b: sys::DLDataType) -> bool {
    (a.code, a.bits, a.lanes) == (b.code, b.bits, b.lanes)
}

/// A tensor that is only read, in memory of the program's.
#[derive(Clone)]
pub struct TensorView<'a> {
    data: *const c_void,
    dtype: sys::DLDataType,
    shape: Vec<i64>,
    strides: Vec<i64>,
    life: PhantomData<&'a [u8]>,
}

// SAFETY: a shared reference to numbers.
unsafe impl Send for TensorView<'_> {}
// SAFETY: a shared reference to numbers.
unsafe impl Sync for TensorView<'_> {}

impl<'a> TensorView<'a> {
    /// A compact tensor, the last dimension densest: `TensorView::new(&values, &[1, 3, height, width])`.
    pub fn new<T: Element>(values: &'a [T], shape: &[usize]) -> Result<Self> {
        let count = shape.iter().try_fold(1, |count: usize, &side| count.checked_mul(side));
        if count != Some(values.len()) {
            let message = format!("a tensor of shape {shape:?} has not {} elements", values.len());
            return Err(Error::new(ErrorKind::Mismatch, message));
        }
        let strides = compact(&shape.iter().map(|&side| side as i64).collect::<Vec<_>>());
        // SAFETY: the values are borrowed for 'a, and there are as many as the shape says.
        Ok(unsafe { Self::from_parts(values.as_ptr(), shape, strides) })
    }

    /// # Safety
    /// The elements that `shape` and `strides` name lie around `data` and are only read for `'a`.
    pub(crate) unsafe fn from_parts<T: Element>(data: *const T, shape: &[usize], strides: Vec<i64>) -> Self {
        let shape = shape.iter().map(|&side| side as i64).collect();
        Self { data: data.cast(), dtype: T::TYPE, shape, strides, life: PhantomData }
    }

    /// A tensor of another library's, in the memory of the processor.
    ///
    /// # Safety
    /// `tensor` is as DLPack says, and its memory is alive and only read for `'a`.
    pub unsafe fn from_dlpack(tensor: &'a sys::DLTensor) -> Result<Self> {
        if tensor.device.device_type != sys::kDLCPU || tensor.ndim < 0 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "the tensor is not in the memory of the processor",
            ));
        }
        let sides = tensor.ndim as usize;
        // SAFETY: the caller's promise.
        let axes = |axes: *const i64| unsafe {
            if sides == 0 { Vec::new() } else { std::slice::from_raw_parts(axes, sides).to_vec() }
        };
        let shape = axes(tensor.shape);
        let strides = if tensor.strides.is_null() { compact(&shape) } else { axes(tensor.strides) };
        let data = tensor.data.cast::<u8>().wrapping_add(tensor.byte_offset as usize);
        Ok(Self { data: data.cast(), dtype: tensor.dtype, shape, strides, life: PhantomData })
    }

    /// The structure for the library; it lives as long as this view.
    pub(crate) fn raw(&self) -> sys::DLTensor {
        sys::DLTensor {
            data: self.data.cast_mut(),
            device: sys::DLDevice { device_type: sys::kDLCPU, device_id: 0 },
            ndim: self.shape.len() as i32,
            dtype: self.dtype,
            shape: self.shape.as_ptr().cast_mut(),
            strides: self.strides.as_ptr().cast_mut(),
            byte_offset: 0,
        }
    }
}

impl fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TensorView").field("shape", &self.shape).finish_non_exhaustive()
    }
}

fn compact(shape: &[i64]) -> Vec<i64> {
    let mut strides = vec![1_i64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

/// A tensor out of a set, without a copy. It is only read, and keeps its memory alive by itself.
pub struct Tensor(NonNull<sys::DLManagedTensorVersioned>);

// SAFETY: the tensor is only read, and its deleter may be called from any thread.
unsafe impl Send for Tensor {}
// SAFETY: as above.
unsafe impl Sync for Tensor {}

impl Tensor {
    /// How long each dimension is.
    #[must_use]
    pub fn shape(&self) -> Vec<usize> {
        self.axes(self.raw().shape).iter().map(|&side| side as usize).collect()
    }

    /// Its values, if they are of that type and lie compactly. Those of the library are `f32`, and do.
    #[must_use]
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        let raw = self.raw();
        let shape = self.axes(raw.shape);
        let dense = raw.strides.is_null() || compact(shape) == self.axes(raw.strides);
        if !dense || !same_type(raw.dtype, T::TYPE) {
            return None;
        }
        let data = raw.data.cast::<u8>().wrapping_add(raw.byte_offset as usize).cast::<T>();
        let count = shape.iter().map(|&side| side as usize).product();
        if count == 0 {
            return Some(&[]);
        }
        // SAFETY: the library gave so many compact values, which nobody writes.
        data.is_aligned().then(|| unsafe { std::slice::from_raw_parts(data, count) })
    }

    /// As an input of another call.
    #[must_use]
    pub fn view(&self) -> TensorView<'_> {
        let raw = self.raw();
        let shape = self.axes(raw.shape).to_vec();
        let strides = if raw.strides.is_null() { compact(&shape) } else { self.axes(raw.strides).to_vec() };
        let data = raw.data.cast::<u8>().wrapping_add(raw.byte_offset as usize).cast();
        TensorView { data, dtype: raw.dtype, shape, strides, life: PhantomData }
    }

    /// Gives it to another library, which calls the structure's deleter. It is flagged as read-only.
    #[must_use]
    pub fn into_dlpack(self) -> NonNull<sys::DLManagedTensorVersioned> {
        std::mem::ManuallyDrop::new(self).0
    }

    fn raw(&self) -> &sys::DLTensor {
        // SAFETY: this owns the structure.
        unsafe { &self.0.as_ref().dl_tensor }
    }

    fn axes(&self, axes: *const i64) -> &[i64] {
        match self.raw().ndim {
            1.. => {
                // SAFETY: there are as many as dimensions.
                unsafe { std::slice::from_raw_parts(axes, self.raw().ndim as usize) }
            }
            _ => &[],
        }
    }
}

impl Drop for Tensor {
    fn drop(&mut self) {
        // SAFETY: this owns the structure.
        unsafe {
            if let Some(deleter) = self.0.as_ref().deleter {
                deleter(self.0.as_ptr());
            }
        }
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor").field("shape", &self.shape()).finish_non_exhaustive()
    }
}

/// A set of named tensors: what a network takes and gives, and what a safetensors file holds. Values are held as `f32`.
pub struct Tensors(Handle<sys::mirra_tensors>);

impl Tensors {
    /// An empty set.
    pub fn new() -> Result<Self> {
        Self::made(|tensors, error| unsafe { sys::mirra_tensors_create(tensors, error) })
    }

    /// Reads a safetensors file.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = ffi::c_path(path)?;
        Self::made(|tensors, error| unsafe { sys::mirra_tensors_read(path.as_ptr(), tensors, error) })
    }

    /// Reads safetensors that are in memory.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::made(|tensors, error| unsafe {
            sys::mirra_tensors_read_memory(bytes.as_ptr().cast(), bytes.len(), tensors, error)
        })
    }

    /// Writes a safetensors file. Readers see the old file or the new, never a part.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = ffi::c_path(path)?;
        ffi::check(|error| unsafe { sys::mirra_tensors_write(self.raw(), path.as_ptr(), error) })
    }

    /// The same as bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        Bytes::made(|data, size, error| unsafe {
            sys::mirra_tensors_write_memory(self.raw(), data, size, error)
        })
        .map(|bytes| bytes.to_vec())
    }

    /// Copies a tensor in, replacing one of that name. Integer types are refused.
    pub fn add<'t>(&mut self, name: &str, tensor: impl Into<TensorView<'t>>) -> Result<()> {
        let (name, tensor) = (ffi::c_text(name)?, tensor.into());
        let raw = tensor.raw();
        ffi::check(|error| unsafe {
            sys::mirra_tensors_add(self.raw(), name.as_ptr(), &raw const raw, error)
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        unsafe { sys::mirra_tensors_count(self.raw()) as usize }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The names, in alphabetical order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        // SAFETY: the strings live as long as the set.
        (0..self.len() as u32)
            .map(|index| unsafe { ffi::text(sys::mirra_tensors_name(self.raw(), index)) })
            .collect()
    }

    /// A tensor by name, without a copy.
    pub fn get(&self, name: &str) -> Result<Tensor> {
        let name = ffi::c_text(name)?;
        ffi::given(|tensor, error| unsafe {
            sys::mirra_tensors_get_versioned(self.raw(), name.as_ptr(), tensor, error)
        })
        .map(Tensor)
    }

    /// A copy for a library that knows DLPack before version 1 only, and that calls the structure's deleter.
    pub fn copy_to_old_dlpack(&self, name: &str) -> Result<NonNull<sys::DLManagedTensor>> {
        let name = ffi::c_text(name)?;
        ffi::given(|tensor, error| unsafe {
            sys::mirra_tensors_copy(self.raw(), name.as_ptr(), tensor, error)
        })
    }

    pub(crate) fn made(
        call: impl FnOnce(*mut *mut sys::mirra_tensors, *mut *mut sys::mirra_error) -> sys::mirra_status,
    ) -> Result<Self> {
        Handle::made(call).map(Self)
    }

    pub(crate) fn raw(&self) -> *mut sys::mirra_tensors {
        self.0.get()
    }
}

impl fmt::Debug for Tensors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tensors").field(&self.names()).finish()
    }
}

/// How a network is run by [`Engine::run_graph`](crate::Engine::run_graph).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct GraphOptions {
    device: Option<String>,
    precision: crate::Precision,
    memory_limit: u64,
    threads: i32,
}

impl GraphOptions {
    /// The defaults: the processor, all threads, no limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// `"cpu"`, `"cuda:0"`.
    pub fn device(mut self, id: impl Into<String>) -> Self {
        self.device = Some(id.into());
        self
    }

    /// The numbers that it computes in.
    pub fn precision(mut self, precision: crate::Precision) -> Self {
        self.precision = precision;
        self
    }

    /// The most bytes that the call may add to the process; 0: no limit. The inputs do not count, the outputs do.
    pub fn memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = bytes;
        self
    }

    /// Of the processor, at most 1024; 0: as many as the process may use.
    pub fn threads(mut self, threads: u32) -> Self {
        self.threads = i32::try_from(threads).unwrap_or(i32::MAX);
        self
    }
}

impl crate::Engine {
    /// Runs a network of a bundle as it is: no tiles, no colour, no alignment. `inputs` holds a tensor
    /// {N, C, H, W} for each input of the graph.
    pub fn run_graph(
        &self,
        bundle: &crate::Bundle,
        graph: &str,
        options: &GraphOptions,
        inputs: &Tensors,
    ) -> Result<Tensors> {
        let graph = ffi::c_text(graph)?;
        let device = options.device.as_ref().map(ffi::c_text).transpose()?;
        let mut raw = <sys::mirra_graph_options as ffi::Struct>::sized();
        raw.precision = options.precision.raw();
        raw.device = device.as_ref().map_or(ptr::null(), |device| device.as_ptr());
        raw.memory_limit = options.memory_limit;
        raw.threads = options.threads;
        Tensors::made(|outputs, error| unsafe {
            let (bundle, graph) = (bundle.get(), graph.as_ptr());
            sys::mirra_graph_run(self.get(), bundle, graph, &raw const raw, inputs.raw(), outputs, error)
        })
    }
}
