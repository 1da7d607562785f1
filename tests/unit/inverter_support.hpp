// Runs of the task "invert" over the fake runtime and, where there is one, the real one.
#pragma once

#include "capi_test_support.hpp"
#include "inverter_bundle.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <vector>

namespace mirra::test {

inline std::vector<const char *> all_runtimes() {
    std::vector<const char *> runtimes{MIRRA_TEST_RUNTIME};
#ifdef MIRRA_TEST_REAL_RUNTIME
    runtimes.push_back(MIRRA_TEST_REAL_RUNTIME);
#endif
    return runtimes;
}

inline Bundle make_inverter(const InverterKind &kind = {}) {
    const std::string path = temporary("inverter.mirra");
    write_inverter(path, kind);
    Bundle bundle;
    EXPECT_OK(mirra_bundle_open(path.c_str(), bundle.out(), error));
    return bundle;
}

using Floats = Pixels<float>;

/// Smooth colours with some detail, different for each seed.
inline std::unique_ptr<Floats> picture(std::int32_t width, std::int32_t height, double seed = 0) {
    auto out = std::make_unique<Floats>(width, height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
    for (std::size_t i = 0; i < out->samples.size(); ++i)
        out->samples[i] = static_cast<float>(0.5 + 0.45 * std::sin(0.37 * static_cast<double>(i) + seed));
    return out;
}

inline double largest_difference(const std::vector<float> &a, const std::vector<float> &b) {
    EXPECT_EQ(a.size(), b.size());
    double largest = 0;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        largest = std::max(largest, std::abs(static_cast<double>(a[i]) - b[i]));
    return largest;
}

struct FreeTensor {
    void operator()(DLManagedTensorVersioned *tensor) const { tensor->deleter(tensor); }
};
using TensorView = std::unique_ptr<DLManagedTensorVersioned, FreeTensor>;

/// A tensor among the results; empty if there is none of that name.
inline TensorView tensor_of(const Result &result, const char *name) {
    Tensors tensors;
    EXPECT_OK(mirra_result_tensors(result.get(), tensors.out(), error));
    DLManagedTensorVersioned *tensor = nullptr;
    mirra_tensors_get_versioned(tensors.get(), name, &tensor, nullptr);
    return TensorView(tensor);
}

inline std::vector<float> values_of(const TensorView &tensor) {
    const DLTensor &t = tensor->dl_tensor;
    std::size_t count = 1;
    for (std::int32_t i = 0; i < t.ndim; ++i) count *= static_cast<std::size_t>(t.shape[i]);
    const auto *first = static_cast<const float *>(t.data);
    return {first, first + count};
}

struct Inversion {
    std::vector<float> picture;
    Result result;
};

/// What a run is given besides its image.
struct Given {
    const mirra_image *mix = nullptr;
    const DLTensor *features_in = nullptr;
    bool features_out = false;
    const mirra_run_options *options = nullptr;
};

inline std::shared_ptr<Engine> inverter_engine(const char *runtime) {
    return std::make_shared<Engine>(make_engine(MIRRA_TEST_PLUGINS, runtime));
}

/// A session of a task on one bundle, in fp32; `Task` is the class that derives from it.
template<class Task> class TaskSession {
  public:
    Task &set(const char *name, const char *text) {
        EXPECT_OK(mirra_session_set_text(session_.get(), name, text, error));
        return static_cast<Task &>(*this);
    }

    mirra_plan plan(std::int32_t width, std::int32_t height) {
        MIRRA_STRUCT(mirra_plan, plan);
        EXPECT_OK(mirra_session_plan(session_.get(), width, height, &plan, error));
        return plan;
    }

  protected:
    TaskSession(std::shared_ptr<Engine> engine, const Bundle &bundle, const char *task,
                std::int32_t tile_size, std::uint64_t memory_limit)
        : engine_(std::move(engine)) {
        const mirra_session_options options =
            session_options(task, bundle, tile_size, memory_limit, MIRRA_PRECISION_FP32);
        EXPECT_OK(mirra_session_create(engine_->get(), &options, session_.out(), error));
    }

    std::shared_ptr<Engine> engine_;
    Session session_;
};

class Inverter : public TaskSession<Inverter> {
  public:
    Inverter(const char *runtime, const Bundle &bundle, std::int32_t tile_size = 0,
             std::uint64_t memory_limit = 0)
        : Inverter(inverter_engine(runtime), bundle, tile_size, memory_limit) {}

    Inverter(std::shared_ptr<Engine> engine, const Bundle &bundle, std::int32_t tile_size,
             std::uint64_t memory_limit)
        : TaskSession(std::move(engine), bundle, "invert", tile_size, memory_limit) {}

    mirra_status run(const Floats &in, Floats &out, const Given &given, mirra_error **error,
                     mirra_result **result = nullptr) {
        std::vector<mirra_port_value> ports{port("image", in.image), port("output", out.image)};
        if (given.mix != nullptr) ports.push_back(port("mix", *given.mix));
        MIRRA_STRUCT(mirra_port_value, other);
        if (given.features_in != nullptr) {
            other.name = "features_in";
            other.tensor = given.features_in;
            ports.push_back(other);
            other.tensor = nullptr;
        }
        if (given.features_out) {
            other.name = "features_out";
            ports.push_back(other);
        }
        return mirra_session_run(session_.get(), ports.data(), ports.size(), given.options, result, error);
    }

    Inversion invert(const Floats &in, const Given &given = {}) {
        Floats out(in.image.width, in.image.height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Inversion inversion;
        EXPECT_OK(run(in, out, given, error, inversion.result.out()));
        inversion.picture = out.samples;
        return inversion;
    }

    /// A run that fails; the error as text.
    std::string refuse(mirra_status expected, const Floats &in, const Given &given = {}) {
        Floats out(in.image.width, in.image.height, MIRRA_COLOR_RGB, MIRRA_FORMAT_F32);
        Failure failure;
        EXPECT_STREQ(mirra_status_name(expected), mirra_status_name(run(in, out, given, failure.out())));
        return message(failure);
    }
};

class OverRuntimes : public ::testing::TestWithParam<const char *> {};

inline std::string runtime_name(const ::testing::TestParamInfo<const char *> &info) {
    return std::string(info.param) == MIRRA_TEST_RUNTIME ? "Fake" : "LibTorch";
}

} // namespace mirra::test
