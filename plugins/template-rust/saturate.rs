//! saturate.rs - the smallest plugin in Rust: a task "saturate" that makes colours stronger or weaker. Copy this file and
//! change it. `mirra new-plugin NAME --lang rust` makes a project of it and of the modules that it needs.

mod mirra;

use mirra::*;

/// What one session needs.
#[derive(Default)]
struct Saturate {
    amount: f32,
}

impl Session for Saturate {
    /// Reads the parameters. With a network, it would set `setup.graph` here.
    fn configure(&mut self, host: &Host, _setup: &mut mirra_setup) -> Result<()> {
        self.amount = host.real(c"amount")? as f32;
        Ok(())
    }

    /// One tile: a tensor {1, 3, height, width} in, one of the same shape out.
    fn process(&self, host: &Host, _tile: &mirra_tile, input: &Tensor) -> Result<Tensor> {
        host.each_color(input, |[red, green, blue]| {
            let gray = 0.299 * red + 0.587 * green + 0.114 * blue;
            [red, green, blue].map(|value| gray + (value - gray) * self.amount)
        })
    }
}

static PORTS: [Port; 2] = [
    image(
        MIRRA_PORT_INPUT,
        c"image",
        c"Image",
        c"The image to change.",
    ),
    image(
        MIRRA_PORT_OUTPUT,
        c"output",
        c"Output",
        c"The image, changed.",
    ),
];

static PARAMS: [Param; 1] = [number(
    MIRRA_TYPE_FLOAT,
    c"amount",
    c"Amount",
    c"How strong colours are: 0 makes the image gray, 1 leaves it as it is.",
    Range {
        minimum: 0.0,
        maximum: 8.0,
        soft_maximum: 2.0,
        standard: 1.0,
    },
)];

static TASK: Task = Task::new::<Saturate>(
    c"saturate",
    c"Saturate",
    c"Makes the colours of an image stronger or weaker.",
    &PORTS,
    &PARAMS,
    MIRRA_TASK_NO_NETWORK | MIRRA_TASK_CONCURRENT_TILES, // with a network, 0
);

mirra::plugin!(c"org.example.saturate", c"1.0.0", TASK);
