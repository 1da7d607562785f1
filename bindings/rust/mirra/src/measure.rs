//! Noise and likeness.

use mirra_sys as sys;

use crate::{ImageViewMut, IntoView, Result, ffi};

/// How alike two images are.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// dB over all colour channels, peak 1; capped at 80, which equal images have.
    pub psnr: f64,
    /// Mean structural similarity (Wang 2004); 1 for equal images, NaN for images smaller than 11 pixels.
    pub ssim: f64,
}

/// Compares two images of equal size. Formats may differ, gray against RGB is compared as RGB, alpha is left aside.
pub fn compare<'a, 'b>(a: impl IntoView<'a>, b: impl IntoView<'b>) -> Result<Comparison> {
    let (a, b) = (a.into_view()?, b.into_view()?);
    let raw: sys::mirra_comparison = ffi::filled(|comparison, error| unsafe {
        sys::mirra_image_compare(&raw const a.raw, &raw const b.raw, comparison, error)
    })?;
    Ok(Comparison { psnr: raw.psnr, ssim: raw.ssim })
}

impl ImageViewMut<'_> {
    /// Adds Gaussian noise of standard deviation `sigma`, in units of 1/255, to the colour channels. The same seed gives the
    /// same noise, on every machine.
    pub fn add_noise(&mut self, sigma: f64, seed: u64) -> Result<()> {
        ffi::check(|error| unsafe { sys::mirra_image_add_noise(&raw const self.raw, sigma, seed, error) })
    }
}
