//! The types of the `image` crate as views.

use std::ops::{Deref, DerefMut};

use image::flat::FlatSamples;
use image::{DynamicImage, ImageBuffer, Luma, LumaA, Pixel, Rgb, Rgba};

use crate::view::shape;
use crate::{Color, Error, ErrorKind, ImageView, ImageViewMut, Layout, Picture, Result, Sample};

mod sealed {
    pub trait Sealed {}
}

/// A pixel type of the `image` crate that Mirra knows: gray or RGB, with alpha or without.
pub trait ColorPixel: Pixel<Subpixel: Sample> + sealed::Sealed {
    /// Its channels.
    const COLOR: Color;
}

macro_rules! color_pixels {
    ($($pixel:ident = $color:ident)*) => {$(
        impl<T: Sample + image::Primitive> sealed::Sealed for $pixel<T> {}
        impl<T: Sample + image::Primitive> ColorPixel for $pixel<T>
        where
            Self: Pixel<Subpixel = T>,
        {
            const COLOR: Color = Color::$color;
        }
    )*};
}

color_pixels! { Luma = Gray  LumaA = GrayAlpha  Rgb = Rgb  Rgba = Rgba }

/// What can be read as an image: `&ImageBuffer`, `&DynamicImage`, `&Picture`, `&FlatSamples`, [`ImageView`], or a [`Result`]
/// of one, so that `run.input("image", ImageView::new(..))` needs no `?`.
pub trait IntoView<'a> {
    /// Describes the pixels.
    fn into_view(self) -> Result<ImageView<'a>>;
}

/// What can be written as an image. See [`IntoView`].
pub trait IntoViewMut<'a> {
    /// Describes the pixels.
    fn into_view_mut(self) -> Result<ImageViewMut<'a>>;
}

impl<'a> IntoView<'a> for ImageView<'a> {
    fn into_view(self) -> Result<ImageView<'a>> {
        Ok(self)
    }
}

impl<'a> IntoView<'a> for &'a ImageViewMut<'_> {
    fn into_view(self) -> Result<ImageView<'a>> {
        Ok(self.as_view())
    }
}

impl<'a, V: IntoView<'a>> IntoView<'a> for Result<V> {
    fn into_view(self) -> Result<ImageView<'a>> {
        self?.into_view()
    }
}

impl<'a> IntoViewMut<'a> for ImageViewMut<'a> {
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        Ok(self)
    }
}

impl<'a> IntoViewMut<'a> for &'a mut ImageViewMut<'_> {
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        Ok(self.reborrow())
    }
}

impl<'a, V: IntoViewMut<'a>> IntoViewMut<'a> for Result<V> {
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        self?.into_view_mut()
    }
}

impl<'a> IntoView<'a> for &'a Picture {
    fn into_view(self) -> Result<ImageView<'a>> {
        self.view()
    }
}

impl<'a> IntoViewMut<'a> for &'a mut Picture {
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        self.view_mut()
    }
}

impl<'a, P, C> IntoView<'a> for &'a ImageBuffer<P, C>
where
    P: ColorPixel,
    C: Deref<Target = [P::Subpixel]>,
{
    fn into_view(self) -> Result<ImageView<'a>> {
        ImageView::new(self, Layout::packed(self.width(), self.height(), P::COLOR))
    }
}

impl<'a, P, C> IntoViewMut<'a> for &'a mut ImageBuffer<P, C>
where
    P: ColorPixel,
    C: DerefMut<Target = [P::Subpixel]>,
{
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        let layout = Layout::packed(self.width(), self.height(), P::COLOR);
        ImageViewMut::new(self, layout)
    }
}

/// The variants that Mirra knows, all of `image` 0.25.
macro_rules! each_variant {
    ($image:expr, $buffer:ident => $body:expr) => {
        match $image {
            DynamicImage::ImageLuma8($buffer) => $body,
            DynamicImage::ImageLumaA8($buffer) => $body,
            DynamicImage::ImageRgb8($buffer) => $body,
            DynamicImage::ImageRgba8($buffer) => $body,
            DynamicImage::ImageLuma16($buffer) => $body,
            DynamicImage::ImageLumaA16($buffer) => $body,
            DynamicImage::ImageRgb16($buffer) => $body,
            DynamicImage::ImageRgba16($buffer) => $body,
            DynamicImage::ImageRgb32F($buffer) => $body,
            DynamicImage::ImageRgba32F($buffer) => $body,
            _ => Err(Error::new(ErrorKind::Unsupported, "Mirra does not know this kind of DynamicImage")
                .with_hint("convert it first, by into_rgb8() for instance")),
        }
    };
}

impl<'a> IntoView<'a> for &'a DynamicImage {
    fn into_view(self) -> Result<ImageView<'a>> {
        each_variant!(self, buffer => buffer.into_view())
    }
}

impl<'a> IntoViewMut<'a> for &'a mut DynamicImage {
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        each_variant!(self, buffer => buffer.into_view_mut())
    }
}

/// The layout of samples of the `image` crate: interleaved, or in planes.
fn flat_layout<B>(flat: &FlatSamples<B>, bytes: usize) -> Layout {
    let layout = &flat.layout;
    let stride = |samples: usize| isize::try_from(samples.saturating_mul(bytes)).unwrap_or(isize::MAX);
    let offsets: Vec<usize> = (0..usize::from(layout.channels))
        .map(|channel| channel.saturating_mul(layout.channel_stride).saturating_mul(bytes))
        .collect();
    Layout::planes(
        layout.width,
        layout.height,
        &offsets,
        stride(layout.width_stride),
        stride(layout.height_stride),
    )
}

impl<'a, T: Sample, B: AsRef<[T]>> IntoView<'a> for &'a FlatSamples<B>
where
    B: Deref<Target = [T]>,
{
    fn into_view(self) -> Result<ImageView<'a>> {
        ImageView::new(&self.samples, flat_layout(self, T::FORMAT.bytes()))
    }
}

impl<'a, T: Sample, B> IntoViewMut<'a> for &'a mut FlatSamples<B>
where
    B: DerefMut<Target = [T]>,
{
    fn into_view_mut(self) -> Result<ImageViewMut<'a>> {
        let layout = flat_layout(self, T::FORMAT.bytes());
        ImageViewMut::new(&mut self.samples, layout)
    }
}

/// An image that a session can make a like of: what [`Session::process`](crate::Session::process) takes.
pub trait Image: Sized {
    /// What the result is: of the same pixels, in memory of its own.
    type Owned: Send + 'static;
    /// Describes the pixels.
    fn view(&self) -> Result<ImageView<'_>>;
    /// A black image of the same kind and another size.
    fn like(&self, width: u32, height: u32) -> Result<Self::Owned>;
    /// Describes the pixels of the result.
    fn view_mut(made: &mut Self::Owned) -> Result<ImageViewMut<'_>>;
}

impl<P, C> Image for ImageBuffer<P, C>
where
    P: ColorPixel + Send + 'static,
    C: Deref<Target = [P::Subpixel]>,
{
    type Owned = ImageBuffer<P, Vec<P::Subpixel>>;

    fn view(&self) -> Result<ImageView<'_>> {
        self.into_view()
    }

    fn like(&self, width: u32, height: u32) -> Result<Self::Owned> {
        shape(width, height, P::Subpixel::FORMAT, P::COLOR)?;
        let samples = u64::from(width) * u64::from(height) * u64::from(P::CHANNEL_COUNT);
        let mut memory = Vec::new();
        let samples = usize::try_from(samples).unwrap_or(usize::MAX);
        memory.try_reserve_exact(samples).map_err(|_| {
            Error::new(ErrorKind::OutOfMemory, format!("no memory for an image of {width} x {height}"))
        })?;
        memory.resize(samples, P::Subpixel::default());
        ImageBuffer::from_raw(width, height, memory)
            .ok_or_else(|| Error::new(ErrorKind::Internal, "the memory does not fit the image"))
    }

    fn view_mut(made: &mut Self::Owned) -> Result<ImageViewMut<'_>> {
        made.into_view_mut()
    }
}

impl Image for DynamicImage {
    type Owned = DynamicImage;

    fn view(&self) -> Result<ImageView<'_>> {
        self.into_view()
    }

    fn like(&self, width: u32, height: u32) -> Result<Self::Owned> {
        each_variant!(self, buffer => Ok(buffer.like(width, height)?.into()))
    }

    fn view_mut(made: &mut Self::Owned) -> Result<ImageViewMut<'_>> {
        made.into_view_mut()
    }
}

impl Image for Picture {
    type Owned = Picture;

    fn view(&self) -> Result<ImageView<'_>> {
        Picture::view(self)
    }

    fn like(&self, width: u32, height: u32) -> Result<Self::Owned> {
        let view = Picture::view(self)?;
        let mut made = Picture::create(width, height, view.format(), view.color())?;
        made.copy_color(self)?;
        Ok(made)
    }

    fn view_mut(made: &mut Self::Owned) -> Result<ImageViewMut<'_>> {
        Picture::view_mut(made)
    }
}
