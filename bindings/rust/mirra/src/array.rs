//! Tensors as arrays of the `ndarray` crate.

use ndarray::{ArrayView, ArrayViewD, Dimension, IxDyn};

use crate::{Element, Tensor, TensorView};

impl<'a, T: Element, D: Dimension> From<ArrayView<'a, T, D>> for TensorView<'a> {
    /// Any strides, without a copy.
    fn from(array: ArrayView<'a, T, D>) -> Self {
        let strides = array.strides().iter().map(|&stride| stride as i64).collect();
        // SAFETY: the array is borrowed for 'a, and knows its shape and strides.
        unsafe { Self::from_parts(array.as_ptr(), array.shape(), strides) }
    }
}

impl Tensor {
    /// Its values as an array, without a copy, if they are of that type. Those of the library are `f32`.
    #[must_use]
    pub fn as_array<T: Element>(&self) -> Option<ArrayViewD<'_, T>> {
        ArrayViewD::from_shape(IxDyn(&self.shape()), self.as_slice()?).ok()
    }
}
