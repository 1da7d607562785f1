// Stands for the runtime module over LibTorch, as far as devices are listed: knows any GPU.
#include "runtime/plain/plain_module.hpp"

namespace mirra::runtime {
namespace {

class FakeModule final : public PlainModule {
  public:
    [[nodiscard]] std::string version() const override { return "fake 1"; }
    [[nodiscard]] std::vector<DeviceInfo> devices() const override {
        std::vector<DeviceInfo> out{{"cpu", "fake", 1 << 30, {Precision::fp32}, true, ""}};
        for (const char *id : {"cuda:0", "cuda:1"})
            out.push_back({id, "CUDA device", 0, {Precision::fp32, Precision::fp16}, true, ""});
        return out;
    }
};

} // namespace
} // namespace mirra::runtime

extern "C" __attribute__((visibility("default"))) mirra::runtime::Module *mirra_runtime_module_v7() {
    static mirra::runtime::FakeModule module;
    return &module;
}
