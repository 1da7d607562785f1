//! Images in memory, laid out as a case says.

use mirra::{AlphaMode, Color, Format, ImageView, ImageViewMut, Layout, Transfer};
use serde_json::{Map, Value};

use super::Index;

const PADDING: u8 = 0xAA;

/// Samples of the index: interleaved, packed.
#[derive(Clone)]
pub struct Samples {
    pub width: usize,
    pub height: usize,
    pub format: Format,
    pub color: Color,
    pub bytes: Vec<u8>,
}

/// Where samples lie in memory, in bytes.
#[derive(Clone)]
struct Places {
    offsets: Vec<usize>,
    pixel: isize,
    row: isize,
    size: usize,
    interleaved: bool,
}

/// An image in memory of any layout.
#[derive(Clone)]
pub struct Buffer {
    pub bytes: Vec<u8>,
    samples: Samples,
    places: Places,
    packed: bool,
    alpha: AlphaMode,
    transfer: Transfer,
}

pub fn format_of(name: &str) -> Format {
    match name {
        "u8" => Format::U8,
        "u16" => Format::U16,
        "u16_swapped" => Format::U16Swapped,
        "f16" => Format::F16,
        "f32" => Format::F32,
        _ => panic!("no format {name}"),
    }
}

pub fn color_of(name: &str) -> Color {
    match name {
        "gray" => Color::Gray,
        "gray_alpha" => Color::GrayAlpha,
        "rgb" => Color::Rgb,
        "rgba" => Color::Rgba,
        _ => panic!("no colour {name}"),
    }
}

impl Samples {
    /// A picture of the index.
    pub fn of(index: &Index, name: &str) -> Self {
        let entry = index.entry("pictures", name);
        Self { bytes: index.bytes(entry), ..Self::described(entry) }
    }

    /// Black, of the size and kind that an entry or a step names.
    pub fn described(entry: &Value) -> Self {
        let side = |name: &str| usize::try_from(entry[name].as_u64().expect("a side")).expect("small");
        let word = |name: &str| entry[name].as_str().expect("a word");
        Self::black(side("width"), side("height"), format_of(word("format")), color_of(word("color")))
    }

    pub fn black(width: usize, height: usize, format: Format, color: Color) -> Self {
        let bytes = vec![0; width * height * color.channels() * format.bytes()];
        Self { width, height, format, color, bytes }
    }

    pub fn crop(&self, rect: &[usize]) -> Self {
        let &[x, y, width, height] = rect else { panic!("a rectangle has four numbers") };
        let pixel = self.color.channels() * self.format.bytes();
        let row = |y: usize| &self.bytes[(y * self.width + x) * pixel..][..width * pixel];
        Self { width, height, bytes: (y..y + height).flat_map(row).copied().collect(), ..*self }
    }

    pub fn of_view(view: &ImageView<'_>) -> Self {
        let (width, height) = (view.width() as usize, view.height() as usize);
        let mut made = Self::black(width, height, view.format(), view.color());
        let layout = Layout::packed(view.width(), view.height(), view.color());
        ImageViewMut::from_bytes(&mut made.bytes, made.format, layout)
            .and_then(|mut copy| copy.copy_from(view))
            .expect("images of the same kind");
        made
    }

    fn values(&self) -> Vec<f64> {
        let bytes = self.bytes.chunks_exact(self.format.bytes());
        bytes
            .map(|sample| match *sample {
                [byte] => f64::from(byte),
                [a, b] if self.format == Format::F16 => half::f16::from_ne_bytes([a, b]).to_f64(),
                [a, b] if self.format == Format::U16Swapped => f64::from(u16::from_ne_bytes([b, a])),
                [a, b] => f64::from(u16::from_ne_bytes([a, b])),
                [a, b, c, d] => f64::from(f32::from_ne_bytes([a, b, c, d])),
                _ => unreachable!("samples have 1, 2 or 4 bytes"),
            })
            .collect()
    }

    /// Whether samples are equal, or differ by at most `tolerance`.
    pub fn check(&self, expected: &Self, tolerance: f64) -> Result<(), String> {
        let kind = |image: &Self| (image.width, image.height, image.format, image.color);
        if kind(self) != kind(expected) {
            return Err(format!("the image is {:?}, not {:?}", kind(self), kind(expected)));
        }
        let (values, wanted) = (self.values(), expected.values());
        let wrong = values.iter().zip(&wanted).position(|(a, b)| (a - b).abs() > tolerance || a.is_nan());
        wrong.map_or(Ok(()), |at| Err(format!("sample {at} is {}, not {}", values[at], wanted[at])))
    }
}

impl Places {
    fn new(samples: &Samples, spec: &Map<String, Value>) -> Self {
        let number = |name: &str| spec.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        let is = |name: &str, word: &str| spec.get(name).is_some_and(|value| value == word);
        let set = |name: &str| spec.get(name) == Some(&Value::Bool(true));
        let (channels, bytes) = (samples.color.channels(), samples.format.bytes());
        let planar = is("layout", "planar");
        let pixel = if planar { bytes } else { channels * bytes } + number("pixel_padding");
        let row = samples.width * pixel + number("row_padding");
        let rows = if is("broadcast", "rows") { 1 } else { samples.height };
        let first = if set("flip") { (rows - 1) * row } else { 0 }
            + if set("mirror") { (samples.width - 1) * pixel } else { 0 };
        let offset = |channel: usize| {
            first
                + match (planar, is("order", "reversed")) {
                    (true, _) => channel * rows * row,
                    (false, true) => (channels - 1 - channel) * bytes,
                    (false, false) => channel * bytes,
                }
        };
        let signed = |stride: usize, back: bool| if back { -(stride as isize) } else { stride as isize };
        Self {
            offsets: (0..channels).map(offset).collect(),
            pixel: signed(pixel, set("mirror")),
            row: if rows == 1 && samples.height > 1 { 0 } else { signed(row, set("flip")) },
            size: if planar { channels } else { 1 } * rows * row,
            interleaved: !planar && !is("order", "reversed"),
        }
    }

    fn at(&self, x: usize, y: usize, channel: usize) -> usize {
        self.offsets[channel].wrapping_add_signed(x as isize * self.pixel + y as isize * self.row)
    }
}

impl Buffer {
    /// An image that holds `samples`, in the layout of a step.
    pub fn new(samples: Samples, spec: &Map<String, Value>) -> Self {
        let layout = ["layout", "row_padding", "pixel_padding", "flip", "mirror", "order", "broadcast"];
        let places = Places::new(&samples, spec);
        let premultiplied = spec.get("alpha").is_some_and(|alpha| alpha == "premultiplied");
        let linear = spec.get("transfer").is_some_and(|transfer| transfer == "linear");
        let mut made = Self {
            bytes: vec![PADDING; places.size],
            packed: !layout.iter().any(|key| spec.contains_key(*key)),
            alpha: if premultiplied { AlphaMode::Premultiplied } else { AlphaMode::Straight },
            transfer: if linear { Transfer::Linear } else { Transfer::Encoded },
            places,
            samples,
        };
        made.each(|buffer, place, from, bytes| {
            buffer.bytes[place..place + bytes].copy_from_slice(&buffer.samples.bytes[from..from + bytes]);
        });
        made
    }

    /// Calls `action` with the place in memory and in the packed samples of each sample.
    fn each(&mut self, mut action: impl FnMut(&mut Self, usize, usize, usize)) {
        let (channels, bytes) = (self.samples.color.channels(), self.samples.format.bytes());
        for y in 0..self.samples.height {
            for x in 0..self.samples.width {
                for channel in 0..channels {
                    let packed = ((y * self.samples.width + x) * channels + channel) * bytes;
                    action(self, self.places.at(x, y, channel), packed, bytes);
                }
            }
        }
    }

    fn layout(&self) -> Layout {
        let (width, height) = (self.samples.width as u32, self.samples.height as u32);
        let Places { offsets, pixel, row, .. } = &self.places;
        match (self.packed, self.places.interleaved) {
            (true, _) => Layout::packed(width, height, self.samples.color),
            (false, true) => Layout::strided(width, height, self.samples.color, offsets[0], *pixel, *row),
            (false, false) => Layout::planes(width, height, offsets, *pixel, *row),
        }
    }

    pub fn view(&self) -> mirra::Result<ImageView<'_>> {
        let view = ImageView::from_bytes(&self.bytes, self.samples.format, self.layout())?;
        Ok(view.with_alpha(self.alpha).with_transfer(self.transfer))
    }

    pub fn view_mut(&mut self) -> mirra::Result<ImageViewMut<'_>> {
        let layout = self.layout();
        let view = ImageViewMut::from_bytes(&mut self.bytes, self.samples.format, layout)?;
        Ok(view.with_alpha(self.alpha).with_transfer(self.transfer))
    }

    /// What it holds now. What lies between its pixels must be as it was.
    pub fn read(&mut self) -> Result<Samples, String> {
        let mut between = self.bytes.clone();
        self.each(|buffer, place, to, bytes| {
            let Self { samples, bytes: memory, .. } = buffer;
            samples.bytes[to..to + bytes].copy_from_slice(&memory[place..place + bytes]);
            between[place..place + bytes].fill(PADDING);
        });
        match between.iter().position(|&byte| byte != PADDING) {
            Some(place) => Err(format!("byte {place}, which is no pixel's, was written")),
            None => Ok(self.samples.clone()),
        }
    }
}
