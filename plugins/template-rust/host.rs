//! The host's functions during a call, and its tensors.

use std::ffi::CStr;
use std::ptr;

use super::*;

/// A tensor of the host's.
pub struct Tensor {
    pub(super) api: *const mirra_host_api,
    pub(super) tensor: *mut mirra_tensor,
}

// SAFETY: handles and the table may be used by any thread.
unsafe impl Send for Tensor {}
// SAFETY: the same.
unsafe impl Sync for Tensor {}

impl Drop for Tensor {
    fn drop(&mut self) {
        // SAFETY: the table lives as long as the process; the host takes any handle.
        unsafe { wanted((*self.api).tensor_release)(self.tensor) }
    }
}

impl Tensor {
    pub fn raw(&self) -> *mut mirra_tensor {
        self.tensor
    }
}

/// The values of a tensor {1, C, H, W}, where they lie.
pub struct Pixels<'a> {
    values: &'a [f32],
    shape: [usize; 4],
    strides: [usize; 4],
}

impl Pixels<'_> {
    /// {1, C, H, W}
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }
    pub fn channels(&self) -> usize {
        self.shape[1]
    }
    pub fn height(&self) -> usize {
        self.shape[2]
    }
    pub fn width(&self) -> usize {
        self.shape[3]
    }
    pub fn at(&self, channel: usize, y: usize, x: usize) -> f32 {
        let [_, plane, row, pixel] = self.strides;
        self.values[channel * plane + y * row + x * pixel]
    }
}

/// One call of the host's into the plugin: its functions, as long as the call lasts.
pub struct Host<'a> {
    pub(super) api: &'a mirra_host_api,
    pub(super) context: *mut mirra_context,
}

impl Host<'_> {
    /// The table itself, for [`Host::call`].
    pub fn api(&self) -> &mirra_host_api {
        self.api
    }

    /// Calls a function of the table with the context of the call and a place for an error.
    ///
    /// # Errors
    /// What the host says.
    pub fn call(
        &self,
        function: impl FnOnce(*mut mirra_context, *mut *mut mirra_error) -> mirra_status,
    ) -> Result<()> {
        let mut error = ptr::null_mut();
        match function(self.context, &raw mut error) {
            MIRRA_OK => Ok(()),
            status => Err(Failure::Host(HostError {
                api: self.api,
                status,
                error,
            })),
        }
    }

    /// A parameter. Its text lives as long as the call.
    ///
    /// # Errors
    /// What the host says.
    pub fn param(&self, name: &CStr) -> Result<mirra_value> {
        let mut value = mirra_value {
            struct_size: size_of::<mirra_value>() as u32,
            ..zeroed()
        };
        // SAFETY: pointers that live during the call.
        self.call(|context, error| unsafe {
            wanted(self.api.param)(context, name.as_ptr(), &raw mut value, error)
        })?;
        Ok(value)
    }

    /// # Errors
    /// What the host says.
    pub fn real(&self, name: &CStr) -> Result<f64> {
        Ok(self.param(name)?.real)
    }

    /// # Errors
    /// What the host says.
    pub fn integer(&self, name: &CStr) -> Result<i64> {
        Ok(self.param(name)?.integer)
    }

    /// # Errors
    /// What the host says.
    pub fn boolean(&self, name: &CStr) -> Result<bool> {
        Ok(self.param(name)?.integer != 0)
    }

    /// Of a string, a choice, a file (its path) or a colour.
    ///
    /// # Errors
    /// What the host says.
    pub fn text(&self, name: &CStr) -> Result<String> {
        let value = self.param(name)?;
        if value.text.is_null() {
            return Ok(String::new());
        }
        // SAFETY: a text of the host's, which lives as long as the call.
        Ok(unsafe { CStr::from_ptr(value.text) }
            .to_string_lossy()
            .into_owned())
    }

    /// Whether the run shall stop: then return `MIRRA_E_CANCELLED` soon.
    pub fn cancelled(&self) -> bool {
        // SAFETY: the context is that of the call at hand.
        unsafe { wanted(self.api.cancelled)(self.context) != 0 }
    }

    /// Where the values of a tensor {1, C, H, W} lie, on the processor.
    ///
    /// # Errors
    /// What the host says.
    pub fn pixels<'t>(&self, tensor: &'t Tensor) -> Result<Pixels<'t>> {
        let (mut shape, mut strides, mut values) = ([0_i64; 4], [0_i64; 4], ptr::null());
        // SAFETY: arrays of four; a tensor with more axes is refused.
        let rank = unsafe { wanted(self.api.tensor_shape)(tensor.tensor, shape.as_mut_ptr(), 4) };
        if rank != 4 {
            return Err(Failure::new(
                MIRRA_E_MISMATCH,
                "a tensor of pixels has four axes",
                "",
                "",
            ));
        }
        // SAFETY: the same.
        self.call(|context, error| unsafe {
            wanted(self.api.tensor_map)(
                context,
                tensor.tensor,
                &raw mut values,
                strides.as_mut_ptr(),
                error,
            )
        })?;
        let (shape, strides) = (shape.map(|i| i as usize), strides.map(|i| i as usize));
        let last: usize = shape
            .iter()
            .zip(strides)
            .map(|(count, step)| (count - 1) * step)
            .sum();
        // SAFETY: from the first value to the last; they live and stay as long as the handle.
        let values = unsafe { std::slice::from_raw_parts(values, last + 1) };
        Ok(Pixels {
            values,
            shape,
            strides,
        })
    }

    /// A tensor {1, C, H, W} whose values, row by row and channel by channel, `fill` writes. They are zeros before.
    ///
    /// # Errors
    /// What the host says.
    pub fn make(&self, shape: [usize; 4], fill: impl FnOnce(&mut [f32])) -> Result<Tensor> {
        let extents = shape.map(|extent| extent as i64);
        let (mut values, mut tensor) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: pointers that live during the call.
        self.call(|context, error| unsafe {
            wanted(self.api.tensor_create)(
                context,
                extents.as_ptr(),
                4,
                &raw mut values,
                &raw mut tensor,
                error,
            )
        })?;
        let made = Tensor {
            api: self.api,
            tensor,
        };
        // SAFETY: as many values as the shape says, which nobody reads before the tensor is given on.
        fill(unsafe { std::slice::from_raw_parts_mut(values, shape.iter().product()) });
        Ok(made)
    }

    /// The tile with each colour changed by itself.
    ///
    /// # Errors
    /// What the host says.
    pub fn each_color(
        &self,
        input: &Tensor,
        change: impl Fn([f32; 3]) -> [f32; 3],
    ) -> Result<Tensor> {
        let pixels = self.pixels(input)?;
        let (height, width) = (pixels.height(), pixels.width());
        self.make([1, 3, height, width], |values| {
            for y in 0..height {
                for x in 0..width {
                    let color = change([0, 1, 2].map(|channel| pixels.at(channel, y, x)));
                    for channel in 0..3 {
                        values[(channel * height + y) * width + x] = color[channel];
                    }
                }
            }
        })
    }

    /// Another handle to a tensor, for a task that gives its input back.
    ///
    /// # Errors
    /// There is no memory for a handle.
    pub fn retained(&self, tensor: &Tensor) -> Result<Tensor> {
        // SAFETY: a handle that lives.
        let again = unsafe { wanted(self.api.tensor_retain)(tensor.tensor) };
        if again.is_null() {
            return Err(Failure::new(
                MIRRA_E_OUT_OF_MEMORY,
                "no memory for a handle",
                "",
                "",
            ));
        }
        Ok(Tensor {
            api: self.api,
            tensor: again,
        })
    }

    /// Runs a graph of the bundle that has one input.
    ///
    /// # Errors
    /// What the host says.
    pub fn run_graph(
        &self,
        graph: &CStr,
        input: &CStr,
        tensor: &Tensor,
        output: &CStr,
    ) -> Result<Tensor> {
        let named = |name: &CStr, tensor| mirra_named_tensor {
            struct_size: size_of::<mirra_named_tensor>() as u32,
            name: name.as_ptr(),
            tensor,
            ..zeroed()
        };
        let (given, mut made) = (named(input, tensor.tensor), named(output, ptr::null_mut()));
        // SAFETY: one input and one output, which live during the call.
        self.call(|context, error| unsafe {
            wanted(self.api.graph_run)(
                context,
                graph.as_ptr(),
                &raw const given,
                1,
                &raw mut made,
                1,
                error,
            )
        })?;
        Ok(Tensor {
            api: self.api,
            tensor: made.tensor,
        })
    }
}
