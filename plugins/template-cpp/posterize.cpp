// posterize.cpp - the smallest plugin in C++: a task "posterize" that leaves a few shades of each colour.
// Copy this file and change it. docs/reference/cpp.md says what the header gives.
//   flags="-std=c++17 -shared -fPIC -fvisibility=hidden $(pkg-config --cflags mirra)"
//   c++ $flags posterize.cpp -o posterize.so
#include <mirra/mirra_plugin.hpp>

#include <array>
#include <cmath>
#include <vector>

namespace {

namespace plugin = mirra::plugin;

/// What one session needs.
class Posterize {
  public:
    /// Reads the parameters. With a network, it would set setup.graph here.
    void configure(const plugin::Host &host, mirra_setup &setup) {
        steps_ = static_cast<float>(host.integer("shades") - 1);
        setup.extra_bytes_per_pixel = 3 * sizeof(float); // the values in `process`
    }
    /// One tile: a tensor {1, 3, height, width} in, one of the same shape out.
    plugin::Tensor process(const plugin::Host &host, const mirra_tile &, const mirra_tensor *input) const {
        std::vector<float> values = host.download(input);
        for (float &value : values) value = std::round(value * steps_) / steps_;
        return host.upload(values, host.shape(input));
    }

  private:
    float steps_ = 1;
};

const std::array ports{
    plugin::port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image", "Image", "The image to change."),
    plugin::port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Output", "The image, changed."),
};
const std::array params{
    // {2, 256, 16, 4}: from 2 to 256; a slider ends at 16; 4 if nothing is said.
    plugin::number(MIRRA_TYPE_INT, "shades", "Shades", "How many shades of each colour are left.",
                   {2, 256, 16, 4}),
};

void bring_tasks(plugin::Registry &tasks) {
    mirra_task task =
        plugin::task("posterize", "Posterize", "Leaves a few shades of each colour.", ports, params);
    task.flags = MIRRA_TASK_NO_NETWORK;
    tasks.add<Posterize>(task);
}

} // namespace

MIRRA_PLUGIN("org.example.posterize", "1.0.0", bring_tasks)
