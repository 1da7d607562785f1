// The host's functions as C++: owners instead of handles, exceptions instead of status codes. Nothing here
// lets an exception out of the plugin: guarded() stands at every way in.
#pragma once

#include "mirra/mirra_plugin.h"

#include <array>
#include <cstdint>
#include <cxxabi.h>
#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace plugin {

using Shape = std::array<std::int64_t, 4>;

/// What went wrong, as the host takes it. Owned by whoever catches it.
struct Failed {
    mirra_status status = MIRRA_E_INTERNAL;
    mirra_error *error = nullptr;
};

/// A place that some values do not have: networks of a bundle that do not go together.
class OutOfBounds : public std::out_of_range {
  public:
    OutOfBounds()
        : std::out_of_range("the networks of the bundle give features of other sizes than the task needs") {}
};

/// A tensor of the host's.
class Tensor {
  public:
    Tensor() = default;
    Tensor(const mirra_host_api *api, mirra_tensor *tensor) noexcept : api_(api), tensor_(tensor) {}
    Tensor(Tensor &&other) noexcept : api_(other.api_), tensor_(std::exchange(other.tensor_, nullptr)) {}
    Tensor &operator=(Tensor &&other) noexcept {
        std::swap(api_, other.api_);
        std::swap(tensor_, other.tensor_);
        return *this;
    }
    Tensor(const Tensor &) = delete;
    Tensor &operator=(const Tensor &) = delete;
    ~Tensor() {
        if (api_ != nullptr) api_->tensor_release(tensor_);
    }

    [[nodiscard]] const mirra_tensor *get() const noexcept { return tensor_; }
    [[nodiscard]] mirra_tensor *release() noexcept { return std::exchange(tensor_, nullptr); }

  private:
    const mirra_host_api *api_ = nullptr;
    mirra_tensor *tensor_ = nullptr;
};

/// Given a graph's output, the gradient of a function of it.
using Upstream = std::function<Tensor(const mirra_tensor *output)>;

/// A tensor for a graph's input.
struct Named {
    const char *name;
    const mirra_tensor *tensor;
};

/// Of a symmetric matrix {n, n}.
struct Eigen {
    Tensor values;  ///< {n}, ascending
    Tensor vectors; ///< {n, n}, one a column
};

/// One call of the host's into the plugin. Every function throws Failed.
class Host {
  public:
    Host(const mirra_host_api *api, mirra_context *context) noexcept : api_(api), context_(context) {}

    [[noreturn]] void fail(mirra_status status, const std::string &message, const char *subject,
                           const std::string &hint) const;

    [[nodiscard]] double real(const char *param) const;
    /// None where it stands at one of its texts, such as "auto".
    [[nodiscard]] std::optional<double> number(const char *param) const;
    [[nodiscard]] std::int64_t integer(const char *param) const;
    [[nodiscard]] std::string text(const char *param) const;
    /// A text among the manifest's defaults; "" if there is none.
    [[nodiscard]] std::string default_text(const char *name) const;
    /// A number among them.
    [[nodiscard]] std::optional<double> default_number(const char *name) const;

    [[nodiscard]] std::vector<std::string> graphs() const;
    /// 0: no such graph or input
    [[nodiscard]] std::int64_t channels(const std::string &graph, const char *input) const;
    /// @throws Failed mismatch where the graph has none
    [[nodiscard]] std::int64_t alignment(const std::string &graph) const;
    [[nodiscard]] Shape output_shape(const std::string &graph, const std::string &output, std::int64_t height,
                                     std::int64_t width) const;

    [[nodiscard]] bool given(const char *port) const { return api_->port_given(context_, port) != 0; }
    /// Empty: none was given.
    [[nodiscard]] std::vector<std::int64_t> port_shape(const char *port) const;
    /// @throws Failed invalid_argument where a tensor {1, C, h, w} that was given holds a value that is no
    /// finite number
    void require_finite(const char *port, const std::string &hint) const;
    [[nodiscard]] Tensor port_tensor(const char *port) const;
    [[nodiscard]] Tensor port_part(const char *port, const mirra_rect &part) const;
    [[nodiscard]] Tensor port_image(const char *port, const mirra_rect &rect) const;
    /// Width and height of an image input; it must have been given.
    [[nodiscard]] std::array<std::int64_t, 2> port_image_size(const char *port) const;
    /// A rectangle of an image input brought to width x height.
    [[nodiscard]] Tensor port_image_scaled(const char *port, std::int64_t width, std::int64_t height,
                                           const mirra_rect &rect) const;
    /// Its alpha, one value a pixel; empty: all of the image is opaque.
    [[nodiscard]] std::vector<float> port_alpha(const char *port, std::int64_t width, std::int64_t height,
                                                const mirra_rect &rect) const;
    [[nodiscard]] mirra_run_info run_info() const;
    /// Of the run's image, in units of 1/255; none for one too small to measure.
    [[nodiscard]] std::optional<double> estimate_noise() const;

    /// Variances of the noise in the run's image, in squared units of 1/255, by brightness.
    [[nodiscard]] std::array<double, MIRRA_NOISE_PARTS> explained_noise() const;

    void set_result(const char *name, double value) const;
    void set_result(const char *name, std::int64_t value) const;
    void set_result(const char *name, const std::string &text) const;
    void set_result(const char *name, const Tensor &tensor) const;
    void set_result_part(const char *name, const Shape &shape, const Tensor &tensor, const mirra_rect &part,
                         std::int64_t x, std::int64_t y) const;
    /// Also throws where the run shall stop.
    void progress(double fraction) const;
    void preview(const Tensor &output) const;

    /// Extents that a tensor lacks are 1. @throws Failed mismatch where it has more than four
    [[nodiscard]] Shape shape(const mirra_tensor *tensor) const;
    /// The tensor itself. What tasks size and index by is the shape that they asked for, so it must be this
    /// one. @param graph  that gave it   @throws Failed mismatch
    [[nodiscard]] Tensor shaped(Tensor tensor, const Shape &wanted, const std::string &graph) const;
    void require_shape(const mirra_tensor *tensor, const Shape &wanted, const std::string &graph) const;
    [[nodiscard]] Tensor upload(const std::vector<float> &values,
                                const std::vector<std::int64_t> &shape) const;
    [[nodiscard]] Tensor full(const Shape &shape, double value) const;
    /// Another handle to it, for a task that gives its input back.
    [[nodiscard]] Tensor retained(const mirra_tensor *x) const;
    void download(const Tensor &tensor, std::vector<float> &values) const;
    [[nodiscard]] std::vector<float> download(const mirra_tensor *tensor) const;
    [[nodiscard]] Tensor binary(std::int32_t op, const mirra_tensor *a, const mirra_tensor *b) const;
    [[nodiscard]] Tensor scaled(const mirra_tensor *x, double factor) const;
    [[nodiscard]] Tensor clamped(const mirra_tensor *x, double low, double high) const;
    [[nodiscard]] double sum(const mirra_tensor *x) const;
    [[nodiscard]] Tensor resampled(const mirra_tensor *x, std::int64_t height, std::int64_t width) const;
    /// Of two matrices. flags: MIRRA_PRODUCT_*
    [[nodiscard]] Tensor product(std::uint32_t flags, const mirra_tensor *a, const mirra_tensor *b) const;
    [[nodiscard]] Eigen eigen(const mirra_tensor *symmetric) const;

    /// A graph with several inputs.
    [[nodiscard]] Tensor run_graph(const std::string &graph, const std::vector<Named> &inputs,
                                   const std::string &output) const;
    /// A graph with one input.
    [[nodiscard]] Tensor run_graph(const std::string &graph, const char *input, const mirra_tensor *x,
                                   const std::string &output) const;
    /// The same for several of its outputs.
    [[nodiscard]] std::vector<Tensor> run_graph(const std::string &graph, const char *input,
                                                const mirra_tensor *x,
                                                const std::vector<std::string> &outputs) const;
    /// Gradient of a function of the output with respect to the one input.
    [[nodiscard]] Tensor gradient(const std::string &graph, const char *input, const mirra_tensor *x,
                                  const std::string &output, const Upstream &upstream) const;

  private:
    [[nodiscard]] mirra_value param(const char *name) const;
    [[nodiscard]] std::vector<Tensor> run_graph(const std::string &graph, const std::vector<Named> &inputs,
                                                const std::vector<std::string> &outputs) const;
    [[nodiscard]] Tensor own(mirra_tensor *tensor) const noexcept { return {api_, tensor}; }

    const mirra_host_api *api_;
    mirra_context *context_;
};

inline mirra_rect make_rect(std::int64_t x, std::int64_t y, std::int64_t width,
                            std::int64_t height) noexcept {
    return {sizeof(mirra_rect), 0, x, y, width, height};
}

/// "{1, 3, 8, 8}"
template<class Extents> std::string to_text(const Extents &shape) {
    std::string text;
    for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "{" + text + "}";
}

/// Calls body() and turns what it throws into a status and an error.
template<class Body> mirra_status guarded(const mirra_host_api *api, mirra_error **error, const Body &body) {
    try {
        body();
        return MIRRA_OK;
    } catch (const Failed &failed) {
        *error = failed.error;
        return failed.status;
    } catch (const OutOfBounds &outside) {
        *error = api->error_create(api, MIRRA_E_MISMATCH, outside.what(), "bundle",
                                   "Use a bundle that was trained for this task.");
        return MIRRA_E_MISMATCH;
    } catch (const std::bad_alloc &) {
        *error = api->error_create(api, MIRRA_E_OUT_OF_MEMORY, "no memory for the task", nullptr, nullptr);
        return MIRRA_E_OUT_OF_MEMORY;
    } catch (const std::exception &exception) {
        *error = api->error_create(api, MIRRA_E_PLUGIN, exception.what(), nullptr, nullptr);
        return MIRRA_E_PLUGIN;
    } catch (abi::__forced_unwind &) {
        throw; // a callback ended its thread
    } catch (...) {
        *error = api->error_create(api, MIRRA_E_PLUGIN, "the task failed", nullptr, nullptr);
        return MIRRA_E_PLUGIN;
    }
}

} // namespace plugin
