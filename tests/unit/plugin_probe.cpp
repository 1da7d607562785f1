// A plugin whose tasks call the host's functions as their parameters say, and give what comes out as results.
#include "mirra/mirra_plugin.hpp"

namespace {

namespace plugin = mirra::plugin;

using plugin::Host;
using plugin::Tensor;

const std::array kPorts{
    plugin::port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, 0, "image", "Image", ""),
    plugin::port(MIRRA_PORT_OUTPUT, MIRRA_TYPE_IMAGE, 0, "output", "Output", ""),
    plugin::port(MIRRA_PORT_INPUT, MIRRA_TYPE_IMAGE, MIRRA_PORT_OPTIONAL, "other", "Other image", ""),
    plugin::port(MIRRA_PORT_INPUT, MIRRA_TYPE_TENSOR, MIRRA_PORT_OPTIONAL, "matrix", "Matrix", ""),
};

mirra_param_info whole(const char *name, double standard) {
    return plugin::number(MIRRA_TYPE_INT, name, name, "", {-1e9, 1e9, 1e9, standard});
}

/// Writes down each call of `measure` and `process` as "pass:tile/tiles ".
class Passes {
  public:
    void configure(const Host &host, mirra_setup &setup) const {
        setup.measure_passes = static_cast<std::uint32_t>(host.integer("passes"));
    }
    void begin(const Host &) { visits_.clear(); }
    void measure(const Host &, const mirra_tile &tile, const mirra_tensor *) { note(tile); }
    Tensor process(const Host &host, const mirra_tile &tile, const mirra_tensor *input) {
        visits_ += "process ";
        note(tile);
        return host.scaled(input, 1);
    }
    void finish(const Host &host) const { host.set_result("visits", visits_); }

  private:
    void note(const mirra_tile &tile) {
        visits_ += std::to_string(tile.pass) + ":" + std::to_string(tile.index) + "/" +
                   std::to_string(tile.count) + " ";
    }
    std::string visits_;
};

const std::array kPassesParams{whole("passes", 0)};

/// One function of the host's on the other image or the matrix, once.
class Functions {
  public:
    void configure(const Host &host, mirra_setup &) {
        ++configures_;
        configured_ = host.given("other") ? host.port_image_size("other") : std::array<std::int64_t, 2>{};
    }
    Tensor process(const Host &host, const mirra_tile &, const mirra_tensor *input) const {
        const std::string action = host.text("action");
        if (action == "eigen") eigen(host);
        if (action == "product") product(host);
        if (action == "image") image(host);
        host.set_result("configures", configures_);
        return host.scaled(input, 1);
    }

  private:
    static void eigen(const Host &host) {
        const plugin::Eigen eigen = host.eigen(host.port_tensor("matrix").get());
        host.set_result("values", eigen.values);
        host.set_result("vectors", eigen.vectors);
    }
    static void product(const Host &host) {
        const Tensor matrix = host.port_tensor("matrix");
        host.set_result("product", host.product(static_cast<std::uint32_t>(host.integer("flags")),
                                                matrix.get(), matrix.get()));
    }
    void image(const Host &host) const {
        const auto size = host.port_image_size("other");
        host.set_result("size", std::to_string(size[0]) + "x" + std::to_string(size[1]));
        host.set_result("configured_width", configured_[0]);
        const std::int64_t width = host.integer("width"), height = host.integer("height");
        const auto rect = plugin::make_rect(host.integer("x"), 0, host.integer("part_width"), 1);
        host.set_result("part", host.port_image_scaled("other", width, height, rect));
    }

    std::int64_t configures_ = 0; ///< of the session
    std::array<std::int64_t, 2> configured_{};
};

const std::array kFunctionsParams{plugin::text("action", "action", "", ""),
                                  whole("flags", 0),
                                  whole("width", 4),
                                  whole("height", 1),
                                  whole("x", 0),
                                  whole("part_width", 4)};

/// 1 - x by the functions that need no copy, on all threads; or fails in one of them.
class Rows {
  public:
    void configure(const Host &host, mirra_setup &) const {
        mirra_param_info depth = whole("depth", 3);
        depth.maximum = depth.soft_maximum = 7;
        host.describe_param(depth);
    }
    Tensor process(const Host &host, const mirra_tile &, const mirra_tensor *input) const {
        const std::string action = host.text("action");
        const Tensor joined = host.concat({host.part(input, 1, 0, 1), host.part(input, 1, 1, 2)}, 1);
        const plugin::Mapped from = host.map(joined);
        const plugin::Shape shape = from.shape;
        plugin::Created to = host.create({shape.begin(), shape.end()});
        host.parallel_for(static_cast<std::uint64_t>(shape[2]), [&](std::uint64_t index) {
            const auto y = static_cast<std::int64_t>(index);
            if (action == "throw" && y == 2) throw std::domain_error("row 2");
            for (std::int64_t c = 0; c < shape[1]; ++c)
                for (std::int64_t x = 0; x < shape[3]; ++x)
                    to.values[static_cast<std::size_t>((c * shape[2] + y) * shape[3] + x)] =
                        1 - from.at(0, c, y, x);
        });
        const Tensor negative = host.affine(to.tensor, -1, 0);
        constexpr std::uint32_t kAllAxes = 15;
        host.set_result("sum",
                        host.reduce_axes(MIRRA_REDUCE_SUM, host.unary(MIRRA_UNARY_ABS, negative), kAllAxes));
        host.set_result("folder", host.plugin_folder());
        host.set_result("threads", host.run_info().threads);
        return std::move(to.tensor);
    }
    void end(const Host &host, mirra_outcome outcome) const {
        host.log(MIRRA_LOG_INFO, "the probe ended with " + std::to_string(outcome));
    }
};

const std::array kRowsParams{plugin::text("action", "action", "", ""), whole("depth", 1)};

mirra_task describe_rows() {
    mirra_task task = plugin::task("probe-rows", "Rows", "", kPorts, kRowsParams);
    task.flags = MIRRA_TASK_NO_NETWORK;
    return task;
}

void bring_tasks(plugin::Registry &tasks) {
    tasks.add<Passes>(plugin::task("probe-passes", "Passes", "", kPorts, kPassesParams));
    tasks.add<Functions>(plugin::task("probe-functions", "Functions", "", kPorts, kFunctionsParams));
    tasks.require({MIRRA_PLUGIN_FUNCTION(parallel_for)});
    tasks.add<Rows>(describe_rows());
}

} // namespace

MIRRA_PLUGIN("org.example.zoo.probe", "1", bring_tasks)
