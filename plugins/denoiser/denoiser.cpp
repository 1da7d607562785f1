// The plugin that brings the task "denoise": a network that takes an image, and a map of the noise level if
// it wants one.
#define MIRRA_PLUGIN_IMPLEMENTATION
#include "description.hpp"

#include <array>
#include <cstring>
#include <new>

namespace denoiser {
namespace {

constexpr const char *kGraph = "denoiser";
constexpr const char *kImage = "image";
constexpr const char *kNoiseLevel = "noise_level";
/// What the network was trained to read as "find it out yourself".
constexpr double kUnknownLevel = -0.25;
constexpr double kUnits = 255;
constexpr std::int64_t kColors = 3;

/// One session's state. Functions return the host's status; `error` is handed through.
class Denoiser {
  public:
    explicit Denoiser(const mirra_host_api *host) noexcept : host_(host) {}

    mirra_status configure(mirra_context *context, mirra_setup *setup, mirra_error **error) noexcept;
    mirra_status begin(mirra_context *context, mirra_error **error) noexcept;
    mirra_status process(mirra_context *context, const mirra_tensor *input, mirra_tensor **output,
                         mirra_error **error) noexcept;

    [[nodiscard]] const mirra_host_api *host() const noexcept { return host_; }

  private:
    mirra_status read_parameters(mirra_context *context, mirra_error **error) noexcept;
    mirra_status fail(mirra_status code, const char *message, const char *subject, const char *hint,
                      mirra_error **error) const noexcept;
    mirra_status run_network(mirra_context *context, const mirra_tensor *input, mirra_tensor **output,
                             mirra_error **error) const noexcept;
    mirra_status blend(mirra_context *context, const mirra_tensor *input, const mirra_tensor *denoised,
                       mirra_tensor **output, mirra_error **error) const noexcept;
    [[nodiscard]] bool uses_estimate(mirra_context *context) const noexcept;

    const mirra_host_api *host_;
    bool automatic_ = true;
    bool takes_level_ = false;
    double sigma_ = 0; ///< as stated, in 1/255
    double strength_ = 1;
    double level_ = kUnknownLevel; ///< what the network is told
};

/// A tensor handle that is released at the end of its scope.
class Handle {
  public:
    explicit Handle(const mirra_host_api *host) noexcept : host_(host) {}
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;
    ~Handle() { host_->tensor_release(tensor_); }

    mirra_tensor **out() noexcept { return &tensor_; }
    [[nodiscard]] mirra_tensor *get() const noexcept { return tensor_; }

  private:
    const mirra_host_api *host_;
    mirra_tensor *tensor_ = nullptr;
};

mirra_status Denoiser::fail(mirra_status code, const char *message, const char *subject, const char *hint,
                            mirra_error **error) const noexcept {
    *error = host_->error_create(host_, code, message, subject, hint);
    return code;
}

mirra_status Denoiser::read_parameters(mirra_context *context, mirra_error **error) noexcept {
    MIRRA_STRUCT(mirra_value, sigma);
    MIRRA_STRUCT(mirra_value, strength);
    mirra_status status = host_->param(context, "sigma", &sigma, error);
    if (status == MIRRA_OK) status = host_->param(context, "strength", &strength, error);
    if (status != MIRRA_OK) return status;
    automatic_ = sigma.type != MIRRA_TYPE_FLOAT;
    sigma_ = automatic_ ? 0 : sigma.real;
    strength_ = strength.real;
    return MIRRA_OK;
}

mirra_status Denoiser::configure(mirra_context *context, mirra_setup *setup, mirra_error **error) noexcept {
    if (const mirra_status status = read_parameters(context, error); status != MIRRA_OK) return status;
    if (host_->graph_input_channels(context, kGraph, kImage) != kColors) {
        return fail(MIRRA_E_MISMATCH,
                    "the bundle has no graph 'denoiser' with an input 'image' of three channels", "bundle",
                    "Use a bundle that was trained for the task 'denoise'.", error);
    }
    takes_level_ = host_->graph_input_channels(context, kGraph, kNoiseLevel) == 1;
    if (!automatic_ && !takes_level_) {
        return fail(MIRRA_E_MISMATCH,
                    "the network of this bundle finds the noise level out by itself and cannot be told it",
                    "sigma", "Leave sigma at 'auto', or use a bundle whose network takes a noise level.",
                    error);
    }
    setup->graph = kGraph;
    // Blending holds both weighted images and their sum; the map of the noise level is one channel.
    constexpr std::uint64_t kBlendBytes = 3 * kColors * sizeof(float);
    setup->extra_bytes_per_pixel = sizeof(float) + (strength_ < 1 ? kBlendBytes : 0);
    return MIRRA_OK;
}

bool Denoiser::uses_estimate(mirra_context *context) const noexcept {
    MIRRA_STRUCT(mirra_value, mode);
    const mirra_status status = host_->manifest_default(context, "auto_noise_level", &mode, nullptr);
    return status == MIRRA_OK && mode.text != nullptr && std::strcmp(mode.text, "estimated") == 0;
}

mirra_status Denoiser::begin(mirra_context *context, mirra_error **error) noexcept {
    level_ = automatic_ ? kUnknownLevel : sigma_ / kUnits;
    if (!automatic_) return MIRRA_OK;
    MIRRA_STRUCT(mirra_value, estimate);
    estimate.type = MIRRA_TYPE_FLOAT;
    const mirra_status status = host_->estimate_noise(context, &estimate.real, error);
    if (status == MIRRA_E_INVALID_ARGUMENT) {
        // An image too small to measure is no failure: the network needs no estimate.
        host_->error_destroy(host_, *error);
        *error = nullptr;
        return MIRRA_OK;
    }
    if (status != MIRRA_OK) return status;
    if (uses_estimate(context)) level_ = estimate.real / kUnits;
    return host_->set_result(context, "sigma_estimated", &estimate, error);
}

mirra_status Denoiser::run_network(mirra_context *context, const mirra_tensor *input, mirra_tensor **output,
                                   mirra_error **error) const noexcept {
    std::array<std::int64_t, 4> shape{};
    host_->tensor_shape(input, shape.data(), static_cast<std::int32_t>(shape.size()));
    shape[1] = 1;
    Handle level(host_);
    if (takes_level_) {
        const mirra_status status = host_->tensor_full(context, shape.data(), 4, level_, level.out(), error);
        if (status != MIRRA_OK) return status;
    }
    constexpr std::uint32_t size = sizeof(mirra_named_tensor);
    const std::array<mirra_named_tensor, 2> inputs{
        {{size, 0, kImage, const_cast<mirra_tensor *>(input)}, {size, 0, kNoiseLevel, level.get()}}};
    mirra_named_tensor result{size, 0, "image", nullptr};
    const mirra_status status =
        host_->graph_run(context, kGraph, inputs.data(), takes_level_ ? 2 : 1, &result, 1, error);
    if (status == MIRRA_OK) *output = result.tensor;
    return status;
}

mirra_status Denoiser::blend(mirra_context *context, const mirra_tensor *input, const mirra_tensor *denoised,
                             mirra_tensor **output, mirra_error **error) const noexcept {
    Handle old_part(host_);
    Handle new_part(host_);
    mirra_status status = host_->tensor_affine(context, input, 1 - strength_, 0, old_part.out(), error);
    if (status == MIRRA_OK)
        status = host_->tensor_affine(context, denoised, strength_, 0, new_part.out(), error);
    if (status != MIRRA_OK) return status;
    return host_->tensor_binary(context, MIRRA_BINARY_ADD, old_part.get(), new_part.get(), output, error);
}

mirra_status Denoiser::process(mirra_context *context, const mirra_tensor *input, mirra_tensor **output,
                               mirra_error **error) noexcept {
    const bool nothing_to_do = strength_ == 0 || (!automatic_ && sigma_ == 0);
    if (nothing_to_do) {
        *output = host_->tensor_retain(input);
        return *output != nullptr ? MIRRA_OK
                                  : fail(MIRRA_E_OUT_OF_MEMORY, "no memory for a tile", "", "", error);
    }
    if (strength_ == 1) return run_network(context, input, output, error);
    Handle denoised(host_);
    const mirra_status status = run_network(context, input, denoised.out(), error);
    return status == MIRRA_OK ? blend(context, input, denoised.get(), output, error) : status;
}

Denoiser &self(void *instance) noexcept {
    return *static_cast<Denoiser *>(instance);
}

mirra_status create(void *, const mirra_host_api *host, void **instance, mirra_error **error) noexcept {
    void *memory = host->allocate(host, sizeof(Denoiser));
    if (memory == nullptr) {
        *error = host->error_create(host, MIRRA_E_OUT_OF_MEMORY, "no memory for a denoising session", nullptr,
                                    nullptr);
        return MIRRA_E_OUT_OF_MEMORY;
    }
    *instance = new (memory) Denoiser(host);
    return MIRRA_OK;
}

void destroy(void *instance) noexcept {
    const mirra_host_api *host = self(instance).host();
    self(instance).~Denoiser();
    host->release(host, instance);
}

mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                       mirra_error **error) noexcept {
    return self(instance).configure(context, setup, error);
}

mirra_status begin(void *instance, mirra_context *context, mirra_error **error) noexcept {
    return self(instance).begin(context, error);
}

mirra_status process(void *instance, mirra_context *context, const mirra_tile *, const mirra_tensor *input,
                     mirra_tensor **output, mirra_error **error) noexcept {
    return self(instance).process(context, input, output, error);
}

mirra_status init(const mirra_host_api *host, std::uint32_t, mirra_error **error) noexcept {
    mirra_task task = describe_task();
    task.create = create;
    task.destroy = destroy;
    task.configure = configure;
    task.begin = begin;
    task.process = process;
    return host->register_task(host, &task, error);
}

} // namespace
} // namespace denoiser

extern "C" mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {
    info->abi_min = 1;
    info->abi_max = MIRRA_PLUGIN_ABI;
    info->id = "org.mirra.denoiser";
    info->version = MIRRA_VERSION_TEXT;
    info->init = denoiser::init;
    return MIRRA_OK;
}
