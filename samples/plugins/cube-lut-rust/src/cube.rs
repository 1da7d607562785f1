//! Tables of the .cube format: one curve for each channel, or a cube of colours.

use std::io::{BufRead, Read};

/// The largest table that is read: 2 ... 256 steps of a cube, 2 ... 65536 of curves.
const MAX_CUBE: usize = 256;
const MAX_CURVES: usize = 65_536;
/// Bytes of a line: a file that has no lines at all shall not fill the memory.
const MAX_LINE: u64 = 4096;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// What to make of a colour.
#[derive(Debug)]
pub struct Table {
    size: usize,
    is_cube: bool,
    minimum: [f32; 3],
    maximum: [f32; 3],
    colors: Vec<[f32; 3]>,
}

impl Table {
    /// Reads a file of the format.
    ///
    /// # Errors
    /// A sentence that names the line.
    pub fn read(mut file: impl BufRead) -> Result<Self, String> {
        let mut made = Self {
            size: 0,
            is_cube: false,
            minimum: [0.0; 3],
            maximum: [1.0; 3],
            colors: Vec::new(),
        };
        let mut number = 0;
        while let Some(line) = next_line(&mut file)? {
            number += 1;
            made.take(line.trim_start_matches(BYTE_ORDER_MARK).trim())
                .map_err(|reason| format!("line {number}: {reason}"))?;
        }
        if made.size == 0 {
            return Err("it says neither LUT_3D_SIZE nor LUT_1D_SIZE".to_owned());
        }
        made.check_domain()?;
        let wanted = made.entries();
        match made.colors.len() {
            found if found == wanted => Ok(made),
            found => Err(format!(
                "it has {found} colours, where its size asks for {wanted}"
            )),
        }
    }

    fn entries(&self) -> usize {
        if self.is_cube {
            self.size.pow(3)
        } else {
            self.size
        }
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        match word {
            "" | "TITLE" => Ok(()),
            _ if word.starts_with('#') => Ok(()),
            "LUT_3D_SIZE" => self.set_size(rest, true, MAX_CUBE),
            "LUT_1D_SIZE" => self.set_size(rest, false, MAX_CURVES),
            "DOMAIN_MIN" => {
                self.minimum = color(rest)?;
                Ok(())
            }
            "DOMAIN_MAX" => {
                self.maximum = color(rest)?;
                Ok(())
            }
            "LUT_3D_INPUT_RANGE" | "LUT_1D_INPUT_RANGE" => {
                let [low, high] = numbers(rest, "two")?;
                (self.minimum, self.maximum) = ([low; 3], [high; 3]);
                Ok(())
            }
            _ if word.starts_with(|first: char| first.is_ascii_alphabetic()) => Ok(()),
            _ if self.size == 0 => Err("a colour stands before the size".to_owned()),
            _ if self.colors.len() == self.entries() => {
                Err("there are more colours than the size says".to_owned())
            }
            _ => {
                self.colors.push(color(line)?);
                Ok(())
            }
        }
    }

    fn set_size(&mut self, text: &str, is_cube: bool, limit: usize) -> Result<(), String> {
        if self.size != 0 {
            return Err("the size is stated twice".to_owned());
        }
        let size = text
            .trim()
            .parse()
            .ok()
            .filter(|size| (2..=limit).contains(size));
        self.size = size.ok_or_else(|| format!("the size is not a number from 2 to {limit}"))?;
        self.is_cube = is_cube;
        Ok(())
    }

    fn check_domain(&self) -> Result<(), String> {
        for (low, high) in self.minimum.iter().zip(self.maximum) {
            if *low >= high {
                return Err("its domain ends before it begins".to_owned());
            }
            if !(high - low).is_finite() {
                return Err("its domain is wider than numbers reach".to_owned());
            }
        }
        Ok(())
    }

    /// The colour that the table has for a colour, linear between its entries.
    #[must_use]
    pub fn look_up(&self, color: [f32; 3]) -> [f32; 3] {
        let last = self.size - 1;
        let mut low = [0; 3];
        let mut part = [0.0; 3];
        for channel in 0..3 {
            let range = self.maximum[channel] - self.minimum[channel];
            let place =
                ((color[channel] - self.minimum[channel]) / range).clamp(0.0, 1.0) * last as f32;
            // The cast takes NaN for 0.
            low[channel] = (place as usize).min(last - 1);
            part[channel] = (place - low[channel] as f32).max(0.0);
        }
        if self.is_cube {
            self.within_cube(low, part)
        } else {
            self.on_curves(low, part)
        }
    }

    fn on_curves(&self, low: [usize; 3], part: [f32; 3]) -> [f32; 3] {
        [0, 1, 2].map(|channel| {
            let [a, b] = [0, 1].map(|step| self.colors[low[channel] + step][channel]);
            a + (b - a) * part[channel]
        })
    }

    /// Red varies fastest.
    fn within_cube(&self, low: [usize; 3], part: [f32; 3]) -> [f32; 3] {
        let mut sum = [0.0; 3];
        for corner in 0..8 {
            let step = [corner & 1, corner >> 1 & 1, corner >> 2];
            let weight: f32 = (0..3)
                .map(|axis| {
                    if step[axis] == 1 {
                        part[axis]
                    } else {
                        1.0 - part[axis]
                    }
                })
                .product();
            let [red, green, blue] = [0, 1, 2].map(|axis| low[axis] + step[axis]);
            let color = self.colors[(blue * self.size + green) * self.size + red];
            (0..3).for_each(|channel| sum[channel] += weight * color[channel]);
        }
        sum
    }
}

/// The next line; None at the end. Titles and comments may be in any encoding.
fn next_line(file: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    file.take(MAX_LINE)
        .read_until(b'\n', &mut line)
        .map_err(|error| format!("the file cannot be read: {error}"))?;
    if line.len() as u64 == MAX_LINE {
        return Err(format!("a line has {MAX_LINE} bytes or more"));
    }
    Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).into_owned()))
}

fn color(text: &str) -> Result<[f32; 3], String> {
    numbers(text, "three")
}

/// So many finite numbers, and nothing else.
fn numbers<const COUNT: usize>(text: &str, count: &str) -> Result<[f32; COUNT], String> {
    let found: Option<Vec<f32>> = text
        .split_whitespace()
        .map(|word| word.parse().ok().filter(|value: &f32| value.is_finite()))
        .collect();
    found
        .and_then(|found| found.try_into().ok())
        .ok_or_else(|| {
            let start: String = text.chars().take(60).collect();
            format!("{start:?} is not {count} numbers")
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::float_cmp, reason = "values are stated and given exactly")]

    use super::Table;

    fn read(text: &str) -> Result<Table, String> {
        Table::read(text.as_bytes())
    }

    #[test]
    fn curves_are_linear_between_entries() {
        let table = read("# gamma\nTITLE \"a\"\nLUT_1D_SIZE 3\n0 0 1\n0.2 0.5 0.5\n1 1 0\n")
            .expect("a table");
        assert_eq!(table.look_up([0.25, 0.75, 0.25]), [0.1, 0.75, 0.75]);
        assert_eq!(table.look_up([-1.0, 2.0, f32::NAN])[..2], [0.0, 1.0]);
    }

    #[test]
    fn red_varies_fastest_in_a_cube() {
        let corners =
            (0..8).map(|corner| format!("{} {} {}\n", corner & 1, corner >> 1 & 1, corner >> 2));
        let text = format!("LUT_3D_SIZE 2\n{}", corners.collect::<String>());
        let table = read(&text).expect("a table");
        for color in [[0.0, 0.5, 1.0], [0.25, 0.75, 0.5], [1.0, 1.0, 1.0]] {
            assert_eq!(table.look_up(color), color, "the identity");
        }
        let table = read(&format!("DOMAIN_MAX 2 2 2\n{text}")).expect("a table");
        assert_eq!(table.look_up([1.0, 2.0, 3.0]), [0.5, 1.0, 1.0]);
    }

    #[test]
    fn files_of_other_programs_are_read() {
        const CURVES: &str = "LUT_1D_SIZE 2\r\n0 0 0\r\n1 1 1\r\n";
        assert!(read(&format!("\u{feff}{CURVES}")).is_ok());
        let latin = [b"TITLE \"Caf\xe9\"\n# \xe9\n", CURVES.as_bytes()].concat();
        assert!(Table::read(&latin[..]).is_ok());
        for domain in [
            "DOMAIN_MIN 1 1 1\nDOMAIN_MAX 3 3 3\n",
            "LUT_1D_INPUT_RANGE 1 3\n",
        ] {
            let table = read(&format!("{domain}{CURVES}")).expect("a table");
            assert_eq!(table.look_up([1.0, 2.0, 3.0]), [0.0, 0.5, 1.0]);
        }
    }

    #[test]
    fn what_is_no_table_says_where() {
        for (text, reason) in [
            ("", "neither"),
            ("LUT_3D_SIZE 1\n", "line 1: the size"),
            ("LUT_3D_SIZE 999\n", "2 to 256"),
            ("LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n", "line 2"),
            ("0 0 0\n", "before the size"),
            ("LUT_1D_SIZE 2\n0 0 0\n", "1 colours"),
            (
                "LUT_1D_SIZE 2\n0 0 0\n0 0 0\n0 0 0\n",
                "line 4: there are more",
            ),
            ("LUT_1D_SIZE 2\n0 0\n", "line 2"),
            ("LUT_1D_SIZE 2\n0 0 0 0\n", "line 2"),
            ("LUT_1D_SIZE 2\n0 0 nan\n", "line 2"),
            (
                "LUT_1D_SIZE 2\n0 0 0\n1 1 1\nDOMAIN_MIN 0 1 0\n",
                "its domain ends",
            ),
            (
                "LUT_1D_SIZE 2\n0 0 0\n1 1 1\nLUT_1D_INPUT_RANGE -3e38 3e38\n",
                "its domain is wider",
            ),
            ("LUT_3D_INPUT_RANGE 0\n", "line 1: \"0\" is not two numbers"),
            (&"x".repeat(100_000), "a line has 4096 bytes"),
        ] {
            let error = read(text).expect_err("no table");
            assert!(error.contains(reason), "{error}");
        }
        assert!(Table::read(&b"LUT_1D_SIZE 2\n\xff\n"[..]).is_err());
        let endless = std::io::BufReader::new(std::io::repeat(b'#'));
        assert!(Table::read(endless).is_err());
    }
}
