// A plugin whose tasks call the host's functions as their parameters say, and give what comes out as results.
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "common/schema.hpp"
#include "common/session.hpp"

namespace {

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

mirra_status init(const mirra_host_api *host, std::uint32_t, mirra_error **error) {
    const mirra_status status = plugin::SessionTask<Passes>::register_with(
        host, plugin::task("probe-passes", "Passes", "", kPorts, kPassesParams), error);
    if (status != MIRRA_OK) return status;
    return plugin::SessionTask<Functions>::register_with(
        host, plugin::task("probe-functions", "Functions", "", kPorts, kFunctionsParams), error);
}

} // namespace

mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {
    info->abi_min = info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.example.zoo.probe";
    info->version = "1";
    info->init = init;
    return MIRRA_OK;
}
