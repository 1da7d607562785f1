// Runs of the tasks "stylize" and "style-prepare" over the fake runtime and, where there is one, the real
// one.
#pragma once

#include "anomaly_support.hpp"
#include "stylizer_bundle.hpp"

namespace mirra::test {

inline Bundle open_bundle(const std::string &path) {
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    return bundle;
}

inline Bundle make_stylizer(const StylizerKind &kind = {}) {
    const std::string path = temporary("style.mirra");
    write_stylizer(path, kind);
    return open_bundle(path);
}

inline Bundle make_flat_stylizer(std::int64_t stride = 1) {
    const std::string path = temporary("flat.mirra");
    write_flat_stylizer(path, stride);
    return open_bundle(path);
}

/// A picture of one colour.
inline std::unique_ptr<Floats> plain(std::int32_t width, std::int32_t height, float red, float green,
                                     float blue) {
    auto out = std::make_unique<Floats>(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < out->samples.size(); i += 3) {
        out->samples[i] = red;
        out->samples[i + 1] = green;
        out->samples[i + 2] = blue;
    }
    return out;
}

/// A gray mask by a function of the place.
template<class Value>
std::unique_ptr<Floats> make_mask(std::int32_t width, std::int32_t height, const Value &value) {
    auto out = std::make_unique<Floats>(width, height, MIRRA_COLOR_GRAY, MIRRA_FORMAT_F32);
    for (std::int32_t y = 0; y < height; ++y)
        for (std::int32_t x = 0; x < width; ++x)
            out->samples[static_cast<std::size_t>(y * width + x)] = static_cast<float>(value(x, y));
    return out;
}

struct StylePorts {
    std::vector<std::pair<const char *, const mirra_image *>> images;
    std::vector<std::pair<const char *, const DLTensor *>> tensors;
};

class Stylizer : public TaskSession<Stylizer> {
  public:
    Stylizer(const char *runtime, const Bundle &bundle, std::int32_t tile_size = 0,
             std::uint64_t memory_limit = 0)
        : Stylizer(inverter_engine(runtime), bundle, tile_size, memory_limit) {}

    Stylizer(std::shared_ptr<Engine> engine, const Bundle &bundle, std::int32_t tile_size = 0,
             std::uint64_t memory_limit = 0)
        : TaskSession(std::move(engine), bundle, "stylize", tile_size, memory_limit) {
        set("margin", "0"); // so that results are those of the picture alone
    }

    mirra_status run(const Floats &in, Floats &out, const StylePorts &given, mirra_error **error,
                     mirra_result **result = nullptr) {
        std::vector<mirra_port_value> ports{port("image", in.image), port("output", out.image)};
        for (const auto &[name, image] : given.images) ports.push_back(port(name, *image));
        for (const auto &[name, tensor] : given.tensors) {
            MIRRA_STRUCT(mirra_port_value, value);
            value.name = name;
            value.tensor = tensor;
            ports.push_back(value);
        }
        return mirra_session_run(session_.get(), ports.data(), ports.size(), nullptr, result, error);
    }

    std::vector<float> stylize(const Floats &in, const StylePorts &given) {
        Floats out(in.image.width, in.image.height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Result result;
        EXPECT_OK(run(in, out, given, error, result.out()));
        MIRRA_STRUCT(mirra_result_info, info);
        EXPECT_OK(mirra_result_get_info(result.get(), &info, error));
        tiles = info.tile_count;
        return out.samples;
    }

    /// With one style.
    std::vector<float> stylize(const Floats &in, const Floats &style) {
        return stylize(in, StylePorts{{{"style", &style.image}}, {}});
    }

    /// A run that fails; the error as text.
    std::string refuse(mirra_status expected, const StylePorts &given) {
        const auto in = picture(9, 9);
        Floats out(9, 9, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Failure failure;
        EXPECT_STREQ(mirra_status_name(expected), mirra_status_name(run(*in, out, given, failure.out())));
        return message(failure);
    }

    std::uint64_t tiles = 0; ///< of the last run
};

class Preparer : public TaskSession<Preparer> {
  public:
    Preparer(const char *runtime, const Bundle &bundle)
        : TaskSession(inverter_engine(runtime), bundle, "style-prepare", 0, 0) {}

    std::vector<float> prepare(const Floats &style) {
        const mirra_port_value ports[] = {port("image", style.image)};
        Result result;
        EXPECT_OK(mirra_session_run(session_.get(), ports, 1, nullptr, result.out(), error));
        const TensorView tensor = tensor_of(result, "statistics");
        EXPECT_NE(tensor, nullptr);
        return tensor == nullptr ? std::vector<float>() : values_of(tensor);
    }
};

/// A prepared style for a port.
inline std::unique_ptr<Values> as_tensor(std::vector<float> values) {
    const auto count = static_cast<std::int64_t>(values.size());
    return std::make_unique<Values>(std::vector<std::int64_t>{count}, std::move(values));
}

} // namespace mirra::test
