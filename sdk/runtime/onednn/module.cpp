// The Module interface over oneDNN, which is all that networks need on the processor.
#include "runtime/onednn/module.hpp"

#include "mirra/cpu_device.hpp"
#include "runtime/onednn/executable.hpp"
#include "runtime/plain/plain_module.hpp"
#include "runtime/plain/plain_tensor.hpp"
#include "runtime/plan/startable_threads.hpp"

#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>

#include <omp.h>

namespace mirra::runtime {
namespace {

/// What needs no network is the plain runtime's.
class OnednnModule final : public PlainModule {
  public:
    OnednnModule() : default_threads_(default_threads(omp_get_max_threads())) {}

    [[nodiscard]] std::string version() const override {
        const dnnl_version_t *const version = dnnl_version();
        return "oneDNN " + std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' +
               std::to_string(version->patch);
    }
    [[nodiscard]] std::vector<DeviceInfo> devices() const override {
        DeviceInfo device = cpu_device();
        std::erase(device.precisions, Precision::fp16);
        return {device};
    }
    void set_threads(int count) override {
        const int wanted = count > 0 ? count : default_threads_;
        check_startable(wanted, count > 0);
        omp_set_num_threads(wanted); // of the calling thread
    }
    TensorPtr product(const TensorPtr &a, bool transpose_a, const TensorPtr &b, bool transpose_b) override {
        const auto rows_a = a->shape()[0], columns_a = a->shape()[1], rows_b = b->shape()[0],
                   columns_b = b->shape()[1];
        const auto rows = transpose_a ? columns_a : rows_a, inner = transpose_a ? rows_a : columns_a,
                   columns = transpose_b ? rows_b : columns_b;
        auto made = make_plain({rows, columns});
        const auto status =
            dnnl::sgemm(transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', rows, columns, inner, 1,
                        plain(*a).values().data(), columns_a, plain(*b).values().data(), columns_b, 0,
                        made->values().data(), columns);
        return status == dnnl::status::success ? made : PlainModule::product(a, transpose_a, b, transpose_b);
    }
    std::shared_ptr<Executable> compile(const graph::Graph &graph, const WeightSource &weights,
                                        const CompileOptions &options) override {
        return onednn::make_executable(graph, weights, options);
    }
    std::shared_ptr<Differentiable> compile_gradient(const graph::Graph &graph, const WeightSource &weights,
                                                     const std::string &device) override {
        return onednn::make_differentiable(graph, weights, device);
    }

  private:
    const int default_threads_;
};

} // namespace

Module &onednn_module() {
    static OnednnModule module;
    return module;
}

} // namespace mirra::runtime
