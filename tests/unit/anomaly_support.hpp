// Runs of the task "detect" over the fake runtime and, where there is one, the real one.
#pragma once

#include "anomaly_bundle.hpp"
#include "inverter_support.hpp"

namespace mirra::test {

inline Bundle make_anomaly(const AnomalyKind &kind = {}) {
    const std::string path = temporary("parts.mirra");
    write_anomaly(path, kind);
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    return bundle;
}

/// Values with a shape, as the C interface takes them. Not copied: it points into itself.
class Values {
  public:
    Values(std::vector<std::int64_t> shape, std::vector<float> values)
        : values_(std::move(values))
        , shape_(std::move(shape)) {
        tensor_ = {values_.data(),
                   {kDLCPU, 0},
                   static_cast<std::int32_t>(shape_.size()),
                   {kDLFloat, 32, 1},
                   shape_.data(),
                   nullptr,
                   0};
    }
    Values(const Values &) = delete;
    Values &operator=(const Values &) = delete;
    [[nodiscard]] const DLTensor *get() const { return &tensor_; }

  private:
    std::vector<float> values_;
    std::vector<std::int64_t> shape_;
    DLTensor tensor_{};
};

/// The pixels of pictures as {3, height, width} each.
inline std::vector<float> planes_of(const std::vector<const Floats *> &pictures) {
    std::vector<float> planes;
    for (const Floats *picture : pictures)
        for (std::size_t c = 0; c < 3; ++c)
            for (std::size_t i = c; i < picture->samples.size(); i += 3)
                planes.push_back(picture->samples[i]);
    return planes;
}

struct Detection {
    Result result;

    [[nodiscard]] bool has(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        return mirra_result_find(result.get(), name, &value, nullptr) == MIRRA_OK;
    }
    [[nodiscard]] double real(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result.get(), name, &value, error));
        return value.real;
    }
    [[nodiscard]] std::string text(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        EXPECT_OK(mirra_result_find(result.get(), name, &value, error));
        return value.text == nullptr ? "" : value.text;
    }
    [[nodiscard]] std::vector<float> tensor(const char *name) const {
        return values_of(tensor_of(result, name));
    }
};

/// What a run is given and asked for besides its image.
struct Asked {
    const DLTensor *batch = nullptr;
    const mirra_image *heatmap = nullptr;
    bool tensors = true; ///< "heat" and "scores"
    const mirra_run_options *options = nullptr;
};

class Detector : public TaskSession<Detector> {
  public:
    Detector(std::shared_ptr<Engine> engine, const Bundle &bundle, std::uint64_t memory_limit = 0)
        : TaskSession(std::move(engine), bundle, "detect", 0, memory_limit) {}

    mirra_status run(const Floats &image, const Asked &asked, mirra_error **error,
                     mirra_result **result = nullptr) {
        std::vector<mirra_port_value> ports{port("image", image.image)};
        if (asked.heatmap != nullptr) ports.push_back(port("heatmap", *asked.heatmap));
        MIRRA_STRUCT(mirra_port_value, other);
        if (asked.batch != nullptr) {
            other.name = "batch";
            other.tensor = asked.batch;
            ports.push_back(other);
            other.tensor = nullptr;
        }
        for (const char *name : {"heat", "scores"}) {
            other.name = name;
            if (asked.tensors) ports.push_back(other);
        }
        return mirra_session_run(session_.get(), ports.data(), ports.size(), asked.options, result, error);
    }

    Detection detect(const Floats &image, const Asked &asked = {}) {
        Detection detection;
        EXPECT_OK(run(image, asked, error, detection.result.out()));
        return detection;
    }

    /// A run that fails; the error as text.
    std::string refuse(mirra_status expected, const Floats &image, const Asked &asked = {}) {
        Failure failure;
        EXPECT_STREQ(mirra_status_name(expected), mirra_status_name(run(image, asked, failure.out())));
        return message(failure);
    }
};

/// The scores as the test computes them, with the bundle's graphs run by themselves.
class Reference {
  public:
    Reference(std::shared_ptr<Engine> engine, const Bundle &bundle)
        : engine_(std::move(engine))
        , bundle_(bundle) {}

    /// One output of a graph with one input.
    [[nodiscard]] std::vector<float> run(const char *graph, const char *input,
                                         std::vector<std::int64_t> shape, const std::vector<float> &values,
                                         const char *output) const {
        Values given(std::move(shape), values);
        Tensors inputs, outputs;
        EXPECT_OK(mirra_tensors_create(inputs.out(), error));
        EXPECT_OK(mirra_tensors_add(inputs.get(), input, given.get(), error));
        EXPECT_OK(mirra_graph_run(engine_->get(), bundle_.get(), graph, nullptr, inputs.get(), outputs.out(),
                                  error));
        DLManagedTensorVersioned *tensor = nullptr;
        EXPECT_OK(mirra_tensors_get_versioned(outputs.get(), output, &tensor, error));
        return values_of(TensorView(tensor));
    }

    /// Features of pictures {n, 3, extent, extent}.
    [[nodiscard]] std::vector<float> encode(const std::vector<float> &pictures) const {
        const auto n = static_cast<std::int64_t>(pictures.size()) / (3 * kExtent * kExtent);
        return run("encoder", "image", {n, 3, kExtent, kExtent}, pictures, "deep");
    }
    [[nodiscard]] std::vector<float> generate(const std::vector<float> &features) const {
        constexpr std::int64_t kCells = kExtent / 4;
        const auto n = static_cast<std::int64_t>(features.size()) / (kDeepChannels * kCells * kCells);
        return run("generator-deep", "features", {n, kDeepChannels, kCells, kCells}, features, "image");
    }

    /// w_f |C(G) - C(x)|^2 + w_p |G - x| for each of the pictures `made`, against the one picture x.
    [[nodiscard]] std::vector<double> losses(const std::vector<float> &made, const std::vector<float> &x,
                                             double pixel_weight = 0.01, double feature_weight = 0.02) const {
        const std::vector<float> of_made = encode(made), of_x = encode(x);
        std::vector<double> losses(made.size() / x.size());
        for (std::size_t i = 0; i < made.size(); ++i)
            losses[i / x.size()] += pixel_weight * std::abs(made[i] - x[i % x.size()]);
        for (std::size_t i = 0; i < of_made.size(); ++i)
            losses[i / of_x.size()] += feature_weight * std::pow(of_made[i] - of_x[i % of_x.size()], 2);
        return losses;
    }

  private:
    std::shared_ptr<Engine> engine_;
    const Bundle &bundle_;
};

} // namespace mirra::test
