// mirra_plugin.hpp - plugins for Mirra in C++: mirra_plugin.h with owners, exceptions and checks.
//
// Header-only, C++17, over mirra_plugin.h alone: a plugin that includes it still links nothing of Mirra's.
// The page is docs/reference/cpp.md; what each host function does in full is said in mirra_plugin.h.
//
//   struct Invert {
//       void configure(const mirra::plugin::Host &, mirra_setup &) {}
//       mirra::plugin::Tensor process(const mirra::plugin::Host &host, const mirra_tile &,
//                                     const mirra_tensor *pixels) {
//           return host.affine(pixels, -1, 1);
//       }
//   };
//   void bring(mirra::plugin::Registry &tasks) { tasks.add<Invert>(describe()); }
//   MIRRA_PLUGIN("org.example.invert", "1.0", bring)
//
// Shapes.     {N, C, H, W}, row-major; extents that a tensor lacks count as 1 where four are given back.
//             Rectangles are in pixels, or in places of the last two axes.
// Units.      Samples of images are 0 ... 1, noise is in 1/255, unless a function says otherwise.
// Errors.     Every function throws Failed unless it is noexcept. What a task's functions throw reaches the
//             caller of the run as an error; nothing leaves the plugin as an exception.
// Versions.   A function that the host is too old for throws Failed (MIRRA_E_UNSUPPORTED) and names itself.
// So
//             a plugin runs in every host that has what it uses, whatever header it was built with.
//             Registry::require says early what is needed, Host::has asks.
// Threads.    A Host may be used by several threads during the call that it came with. Tensors are immutable.
//             A Tensor object, like every object here, is for one thread at a time.
#ifndef MIRRA_MIRRA_PLUGIN_HPP_
#define MIRRA_MIRRA_PLUGIN_HPP_

#include "mirra_plugin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__GLIBCXX__)
#include <cxxabi.h>
// A callback of the caller's may end its thread (pthread_exit): that passes through.
#define MIRRA_PLUGIN_THREAD_ENDS                                                                             \
    catch (::abi::__forced_unwind &) {                                                                       \
        throw;                                                                                               \
    }
#else
#define MIRRA_PLUGIN_THREAD_ENDS
#endif

namespace mirra {
namespace plugin {

// ---- What goes wrong

/// An error on its way to the host: of a host's function, or of the task's own making. Copies share it.
class Failed : public std::exception {
  public:
    /// @param message  one sentence: what is wrong
    /// @param subject  what it is about: the name of a parameter or port, "bundle", a file; may be ""
    /// @param hint     what to do about it; may be ""
    Failed(mirra_status status, std::string message, std::string subject = {}, std::string hint = {})
        : content_(std::make_shared<Content>(status, std::move(message))) {
        content_->subject = std::move(subject);
        content_->hint = std::move(hint);
    }
    /// Takes over an error that a function of the host's gave.
    Failed(const mirra_host_api *api, mirra_status status, mirra_error *error)
        : content_(of_host(api, status, error)) {}

    [[nodiscard]] mirra_status status() const noexcept { return content_->status; }
    /// The message of an own error; a host's errors cannot be read.
    [[nodiscard]] const char *what() const noexcept override { return content_->message.c_str(); }
    /// The error as the host takes it, once.
    [[nodiscard]] mirra_error *give(const mirra_host_api *api) const noexcept {
        Content &content = *content_;
        if (content.error) return content.error.release();
        return api->error_create(api, content.status, content.message.c_str(), content.subject.c_str(),
                                 content.hint.c_str());
    }

  private:
    struct Destroy {
        const mirra_host_api *api;
        void operator()(mirra_error *error) const noexcept { api->error_destroy(api, error); }
    };
    struct Content {
        Content(mirra_status code, std::string text) : status(code), message(std::move(text)) {}
        mirra_status status;
        std::string message, subject, hint;
        std::unique_ptr<mirra_error, Destroy> error{nullptr, Destroy{nullptr}};
    };
    static std::shared_ptr<Content> of_host(const mirra_host_api *api, mirra_status status,
                                            mirra_error *error) {
        std::unique_ptr<mirra_error, Destroy> owner(error, Destroy{api});
        auto content = std::make_shared<Content>(status, "a function of the host failed");
        content->error = std::move(owner);
        return content;
    }

    std::shared_ptr<Content> content_;
};

/// A place that some values do not have. Where a task computes by networks, these do not go together: it
/// reaches the caller as MIRRA_E_MISMATCH of the bundle.
class OutOfBounds : public std::out_of_range {
  public:
    OutOfBounds()
        : std::out_of_range("the networks of the bundle give features of other sizes than the task needs") {}
};

/// Calls body() and turns what it throws into a status and an error. Stands at every way into a plugin.
template<class Body> mirra_status guarded(const mirra_host_api *api, mirra_error **error, const Body &body) {
    const auto report = [&](mirra_status status, const char *message, const char *subject, const char *hint) {
        *error = api->error_create(api, status, message, subject, hint);
        return status;
    };
    try {
        body();
        return MIRRA_OK;
    } catch (const Failed &failed) {
        *error = failed.give(api);
        return failed.status();
    } catch (const OutOfBounds &outside) {
        return report(MIRRA_E_MISMATCH, outside.what(), "bundle",
                      "Use a bundle that was trained for this task.");
    } catch (const std::bad_alloc &) {
        return report(MIRRA_E_OUT_OF_MEMORY, "no memory for the task", nullptr, nullptr);
    } catch (const std::exception &exception) {
        return report(MIRRA_E_PLUGIN, exception.what(), nullptr, nullptr);
    }
    MIRRA_PLUGIN_THREAD_ENDS
    catch (...) {
        return report(MIRRA_E_PLUGIN, "the task failed", nullptr, nullptr);
    }
}

/// Calls body() for the host in the midst of a call of the plugin's, which then throws what was caught here.
template<class Body> mirra_status caught(std::exception_ptr &thrown, const Body &body) {
    try {
        body();
        return MIRRA_OK;
    } catch (const Failed &failed) {
        thrown = std::current_exception();
        return failed.status();
    }
    MIRRA_PLUGIN_THREAD_ENDS
    catch (...) {
        thrown = std::current_exception();
        return MIRRA_E_PLUGIN;
    }
}

// ---- Functions that a host may lack

/// A function of the host's table, made by MIRRA_PLUGIN_FUNCTION.
struct Function {
    const char *name;
    std::size_t end; ///< byte of the table behind it
};

/// A function of mirra_host_api by its name: MIRRA_PLUGIN_FUNCTION(tensor_map).
#define MIRRA_PLUGIN_FUNCTION(function)                                                                      \
    ::mirra::plugin::Function {                                                                              \
        #function, offsetof(mirra_host_api, function) + sizeof(mirra_host_api::function)                     \
    }

inline bool has(const mirra_host_api *api, const Function &function) noexcept {
    return api->struct_size >= function.end;
}

/// @throws Failed unsupported
inline void require(const mirra_host_api *api, const Function &function) {
    if (has(api, function)) return;
    throw Failed(MIRRA_E_UNSUPPORTED,
                 std::string("this version of Mirra lacks the function '") + function.name +
                     "' that the plugin needs",
                 function.name, "Install a newer Mirra.");
}

// ---- Values

/// Four extents, {N, C, H, W}.
using Shape = std::array<std::int64_t, 4>;
/// As many as a tensor has.
using Extents = std::vector<std::int64_t>;

/// How many values a tensor of these extents has. @throws Failed invalid_argument
template<class Shapes> std::size_t count_of(const Shapes &extents) {
    std::uint64_t count = 1;
    for (const std::int64_t extent : extents) {
        const auto most = static_cast<std::uint64_t>(PTRDIFF_MAX) / sizeof(float);
        if (extent < 0 || (extent > 0 && count > most / static_cast<std::uint64_t>(extent)))
            throw Failed(MIRRA_E_INVALID_ARGUMENT, "a tensor cannot have these extents");
        count *= static_cast<std::uint64_t>(extent);
    }
    return static_cast<std::size_t>(count);
}

/// "{1, 3, 8, 8}"
template<class Shapes> std::string to_text(const Shapes &shape) {
    std::string text;
    for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return "{" + text + "}";
}

inline mirra_rect make_rect(std::int64_t x, std::int64_t y, std::int64_t width,
                            std::int64_t height) noexcept {
    return {static_cast<std::uint32_t>(sizeof(mirra_rect)), 0, x, y, width, height};
}

/// Some values in a row, not owned: std::span for C++17.
template<class Value> class Span {
  public:
    constexpr Span() noexcept = default;
    constexpr Span(Value *data, std::size_t size) noexcept : data_(data), size_(size) {}
    /// A vector's, an array's, another span's.
    template<class Values, class = std::enable_if_t<std::is_convertible<
                               decltype(std::declval<Values &>().data()), Value *>::value>>
    constexpr Span(Values &&values) noexcept : data_(values.data())
                                             , size_(values.size()) {}

    [[nodiscard]] constexpr Value *data() const noexcept { return data_; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }
    [[nodiscard]] constexpr bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] constexpr Value *begin() const noexcept { return data_; }
    [[nodiscard]] constexpr Value *end() const noexcept { return data_ + size_; }
    [[nodiscard]] constexpr Value &front() const noexcept { return *data_; }
    constexpr Value &operator[](std::size_t at) const noexcept { return data_[at]; }

  private:
    Value *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Some of a container's values. @throws OutOfBounds
template<class Values> auto part_of(Values &values, std::int64_t first, std::int64_t count) {
    const auto size = static_cast<std::int64_t>(values.size());
    if (first < 0 || count < 0 || first > size || count > size - first) throw OutOfBounds();
    return Span<std::remove_pointer_t<decltype(values.data())>>(values.data() + first,
                                                                static_cast<std::size_t>(count));
}

/// The random number of that index, in [0, 1): the same on every machine. SplitMix64.
inline double unit_random(std::uint64_t seed, std::uint64_t index) noexcept {
    std::uint64_t z = seed * 0xd1342543de82ef95U + (index + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    z ^= z >> 31;
    return static_cast<double>(z >> 11) * 0x1p-53;
}

/// The random number of that index, normally distributed with mean 0 and deviation 1. Box and Muller.
inline double normal_random(std::uint64_t seed, std::uint64_t index) noexcept {
    constexpr double kPi = 3.141592653589793;
    const double radius = std::sqrt(-2 * std::log(1 - unit_random(seed, 2 * index)));
    return radius * std::cos(2 * kPi * unit_random(seed, 2 * index + 1));
}

// ---- Tensors

/// Owns a handle to a tensor of the host's; may hold none. Moved, not copied: Host::retained gives another.
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
        if (tensor_ != nullptr) api_->tensor_release(tensor_);
    }

    [[nodiscard]] const mirra_tensor *get() const noexcept { return tensor_; }
    [[nodiscard]] mirra_tensor *release() noexcept { return std::exchange(tensor_, nullptr); }
    explicit operator bool() const noexcept { return tensor_ != nullptr; }

  private:
    const mirra_host_api *api_ = nullptr;
    mirra_tensor *tensor_ = nullptr;
};

/// A tensor as an argument: the one that a task's function was given, or an own one.
class TensorRef {
  public:
    TensorRef(const mirra_tensor *tensor) noexcept : tensor_(tensor) {}
    TensorRef(const Tensor &tensor) noexcept : tensor_(tensor.get()) {}
    [[nodiscard]] const mirra_tensor *get() const noexcept { return tensor_; }

  private:
    const mirra_tensor *tensor_;
};

/// A tensor for a graph's input, by the input's name.
struct Named {
    const char *name;
    TensorRef tensor;
};

/// A new tensor whose values the plugin writes, row-major, before any other function gets the tensor.
struct Created {
    Tensor tensor;
    Span<float> values;
};

/// A tensor's values where they lie in the host's memory. Valid as long as the tensor's handle.
struct Mapped {
    const float *values = nullptr;
    Shape shape{};   ///< extents that the tensor lacks are 1
    Shape strides{}; ///< in values; 0 likewise
    [[nodiscard]] const float &at(std::int64_t n, std::int64_t c, std::int64_t y,
                                  std::int64_t x) const noexcept {
        return values[n * strides[0] + c * strides[1] + y * strides[2] + x * strides[3]];
    }
};

/// Of a symmetric matrix {n, n}.
struct Eigen {
    Tensor values;  ///< {n}, ascending
    Tensor vectors; ///< {n, n}, one a column
};

/// Copies of values in DLPack's form free themselves.
struct FreeDlpack {
    void operator()(DLManagedTensorVersioned *copy) const noexcept {
        if (copy->deleter != nullptr) copy->deleter(copy);
    }
};
using Dlpack = std::unique_ptr<DLManagedTensorVersioned, FreeDlpack>;

/// Given a graph's output, the gradient of a function of it: a tensor of its shape. What it throws comes out
/// of Host::gradient.
using Upstream = std::function<Tensor(const mirra_tensor *output)>;

// ---- The host

/// One call of the host's into the plugin: the host's functions, as long as the call lasts.
class Host {
  public:
    Host(const mirra_host_api *api, mirra_context *context) noexcept : api_(api), context_(context) {}

    /// The table itself, for what has no wrapper here.
    [[nodiscard]] const mirra_host_api *api() const noexcept { return api_; }
    [[nodiscard]] mirra_context *context() const noexcept { return context_; }
    /// Whether this host has a function: has(MIRRA_PLUGIN_FUNCTION(tensor_map)).
    [[nodiscard]] bool has(const Function &function) const noexcept { return plugin::has(api_, function); }
    [[noreturn]] void fail(mirra_status status, const std::string &message, const std::string &subject,
                           const std::string &hint) const {
        throw Failed(status, message, subject, hint);
    }
    void log(mirra_log_level level, const std::string &message) const noexcept {
        api_->log(api_, level, message.c_str());
    }
    /// Folder of the plugin's file.
    [[nodiscard]] std::string plugin_folder() const {
        require(MIRRA_PLUGIN_FUNCTION(plugin_folder));
        return api_->plugin_folder(api_);
    }

    // -- parameters, in any call. The texts of a mirra_value live as long as the call.

    [[nodiscard]] mirra_value param(const char *name) const {
        return filled<mirra_value>([&](mirra_value *value, mirra_error **error) {
            return api_->param(context_, name, value, error);
        });
    }
    /// Not a number (NaN) where it stands at one of its texts, such as "auto".
    [[nodiscard]] double real(const char *name) const { return param(name).real; }
    /// None where it stands at one of its texts.
    [[nodiscard]] std::optional<double> number(const char *name) const {
        const mirra_value value = param(name);
        if (value.type == MIRRA_TYPE_INT) return static_cast<double>(value.integer);
        return value.type == MIRRA_TYPE_FLOAT ? std::optional<double>(value.real) : std::nullopt;
    }
    [[nodiscard]] std::int64_t integer(const char *name) const { return param(name).integer; }
    [[nodiscard]] bool boolean(const char *name) const { return param(name).integer != 0; }
    /// Of a string, a choice, a file (its path) or a colour ("#rrggbb" or "#rrggbbaa").
    [[nodiscard]] std::string text(const char *name) const { return text_of(param(name)); }
    /// Says what a parameter can be with this bundle; in `configure`.
    void describe_param(const mirra_param_info &info) const {
        require(MIRRA_PLUGIN_FUNCTION(describe_param));
        check([&](mirra_error **error) { return api_->describe_param(context_, &info, error); });
    }

    // -- the bundle, in any call

    /// The manifest as JSON; "" without a bundle.
    [[nodiscard]] std::string manifest() const { return api_->manifest_json(context_); }
    /// A text among the manifest's defaults; "" if there is none.
    [[nodiscard]] std::string default_text(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        return api_->manifest_default(context_, name, &value, nullptr) == MIRRA_OK ? text_of(value) : "";
    }
    /// A number among them; none if there is nothing of this name. Fails where it is something else.
    [[nodiscard]] std::optional<double> default_number(const char *name) const {
        MIRRA_STRUCT(mirra_value, value);
        mirra_error *error = nullptr;
        const mirra_status status = api_->manifest_default(context_, name, &value, &error);
        if (status == MIRRA_E_NOT_FOUND) {
            api_->error_destroy(api_, error);
            return std::nullopt;
        }
        settle(status, error, nullptr);
        if (value.type == MIRRA_TYPE_FLOAT) return value.real;
        if (value.type == MIRRA_TYPE_INT) return static_cast<double>(value.integer);
        fail(MIRRA_E_MISMATCH, std::string("the bundle's default of '") + name + "' is no number", "bundle",
             "Change it in the bundle's manifest, or make the bundle anew.");
    }
    /// Names of the bundle's graphs.
    [[nodiscard]] std::vector<std::string> graphs() const {
        require(MIRRA_PLUGIN_FUNCTION(graph_name));
        std::vector<std::string> names;
        while (const char *name = api_->graph_name(context_, static_cast<std::uint32_t>(names.size())))
            names.emplace_back(name);
        return names;
    }
    /// Channels of a graph's input; 0: no such graph or input.
    [[nodiscard]] std::int64_t channels(const std::string &graph, const char *input) const noexcept {
        return api_->graph_input_channels(context_, graph.c_str(), input);
    }
    /// What heights and widths are multiples of. @throws Failed mismatch where the graph has no such number
    [[nodiscard]] std::int64_t alignment(const std::string &graph) const {
        require(MIRRA_PLUGIN_FUNCTION(graph_alignment));
        const std::int64_t alignment = api_->graph_alignment(context_, graph.c_str());
        if (alignment >= 1) return alignment;
        throw Failed(MIRRA_E_MISMATCH,
                     "the bundle's graph '" + graph + "' takes no size of pictures that is supported",
                     "bundle", "Use a bundle that was trained for this task.");
    }
    /// Of an output, for inputs {1, their channels, height, width}.
    [[nodiscard]] Shape output_shape(const std::string &graph, const std::string &output, std::int64_t height,
                                     std::int64_t width) const {
        require(MIRRA_PLUGIN_FUNCTION(graph_output_shape));
        Shape shape{};
        check([&](mirra_error **error) {
            return api_->graph_output_shape(context_, graph.c_str(), output.c_str(), height, width,
                                            shape.data(), error);
        });
        return shape;
    }

    // -- ports

    /// Whether the run gives that input, or asks for that output; in any call.
    [[nodiscard]] bool given(const char *port) const {
        require(MIRRA_PLUGIN_FUNCTION(port_given));
        return api_->port_given(context_, port) != 0;
    }
    /// Extents of an input port's tensor, at most eight; none: it was not given. In any call.
    [[nodiscard]] Extents port_shape(const char *port) const {
        require(MIRRA_PLUGIN_FUNCTION(port_tensor_shape));
        constexpr std::int32_t kMost = 8;
        Extents shape(kMost);
        const std::int32_t rank = api_->port_tensor_shape(context_, port, shape.data(), kMost);
        shape.resize(static_cast<std::size_t>(std::clamp(rank, 0, kMost)));
        return shape;
    }
    /// Width and height of an image input, which must have been given; in any call.
    [[nodiscard]] std::array<std::int64_t, 2> port_image_size(const char *port) const {
        require(MIRRA_PLUGIN_FUNCTION(port_image_size));
        std::int32_t width = 0, height = 0;
        check([&](mirra_error **error) {
            return api_->port_image_size(context_, port, &width, &height, error);
        });
        return {width, height};
    }
    /// Of an input port of a plain type; in the run, as all that follow.
    [[nodiscard]] mirra_value port_value(const char *port) const {
        return filled<mirra_value>([&](mirra_value *value, mirra_error **error) {
            return api_->port_value(context_, port, value, error);
        });
    }
    [[nodiscard]] Tensor port_tensor(const char *port) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->port_tensor(context_, port, tensor, error);
        });
    }
    /// A rectangle of the last two axes of an input port's tensor of four.
    [[nodiscard]] Tensor port_part(const char *port, const mirra_rect &part) const {
        require(MIRRA_PLUGIN_FUNCTION(port_tensor_part));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->port_tensor_part(context_, port, &part, tensor, error);
        });
    }
    /// A rectangle, in pixels of the run's image, of another image input brought to the size of that image.
    [[nodiscard]] Tensor port_image(const char *port, const mirra_rect &rect) const {
        require(MIRRA_PLUGIN_FUNCTION(port_image));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->port_image(context_, port, &rect, tensor, error);
        });
    }
    /// A rectangle of an image input brought to width x height.
    [[nodiscard]] Tensor port_image_scaled(const char *port, std::int64_t width, std::int64_t height,
                                           const mirra_rect &rect) const {
        require(MIRRA_PLUGIN_FUNCTION(port_image_scaled));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->port_image_scaled(context_, port, width, height, &rect, tensor, error);
        });
    }
    /// Its alpha, one value a pixel; empty: all of the image is opaque.
    [[nodiscard]] std::vector<float> port_alpha(const char *port, std::int64_t width, std::int64_t height,
                                                const mirra_rect &rect) const {
        require(MIRRA_PLUGIN_FUNCTION(port_alpha));
        const Tensor alpha = made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->port_alpha(context_, port, width, height, &rect, tensor, error);
        });
        return alpha ? download(alpha) : std::vector<float>();
    }
    /// @throws Failed invalid_argument where a tensor {1, C, h, w} that was given holds a value that is no
    /// finite number
    void require_finite(const char *port, const std::string &hint) const {
        const Extents extents = port_shape(port);
        if (extents.size() != 4 || extents[3] < 1) return; // for others to say what is wrong with it
        constexpr std::int64_t kMostValues = std::int64_t{1} << 20;
        const std::int64_t row_values = std::max<std::int64_t>(extents[0] * extents[1] * extents[3], 1);
        const std::int64_t most = std::max<std::int64_t>(1, kMostValues / row_values);
        for (std::int64_t row = 0; row < extents[2]; row += most) {
            const auto strip = make_rect(0, row, extents[3], std::min(most, extents[2] - row));
            const std::vector<float> values = download(port_part(port, strip));
            if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
                throw Failed(MIRRA_E_INVALID_ARGUMENT, "there are values that are no finite numbers", port,
                             hint);
        }
    }

    // -- the run

    /// In `configure` too, where a run is being configured.
    [[nodiscard]] mirra_run_info run_info() const {
        return filled<mirra_run_info>(
            [&](mirra_run_info *info, mirra_error **error) { return api_->run_info(context_, info, error); });
    }
    /// Whether the run shall stop.
    [[nodiscard]] bool cancelled() const noexcept { return api_->cancelled(context_) != 0; }
    /// Of the run's image, in units of 1/255; none for one of which too little is visible to measure.
    [[nodiscard]] std::optional<double> estimate_noise() const {
        double sigma = 0;
        mirra_error *error = nullptr;
        const mirra_status status = api_->estimate_noise(context_, &sigma, &error);
        if (status == MIRRA_OK) return sigma;
        const Failed failed(api_, status, error);
        if (status != MIRRA_E_INVALID_ARGUMENT) throw failed;
        return std::nullopt;
    }
    /// Variances of the noise in the run's image, in squared units of 1/255, by brightness.
    [[nodiscard]] std::array<double, MIRRA_NOISE_PARTS> explained_noise() const {
        require(MIRRA_PLUGIN_FUNCTION(explained_noise));
        std::array<double, MIRRA_NOISE_PARTS> variances{};
        check([&](mirra_error **error) { return api_->explained_noise(context_, variances.data(), error); });
        return variances;
    }
    /// Says how far this tile is, 0 ... 1; in `process`. @throws Failed cancelled where the run shall stop
    void progress(double fraction) const {
        require(MIRRA_PLUGIN_FUNCTION(progress));
        check([&](mirra_error **error) { return api_->progress(context_, fraction, error); });
    }
    /// Shows an unfinished output tile; in `process`.
    void preview(TensorRef output) const {
        require(MIRRA_PLUGIN_FUNCTION(preview));
        check([&](mirra_error **error) { return api_->preview(context_, output.get(), error); });
    }
    /// Gives the tile at hand of a further image output; in `process`.
    void set_output(const char *port, TensorRef tile) const {
        require(MIRRA_PLUGIN_FUNCTION(set_output));
        check([&](mirra_error **error) { return api_->set_output(context_, port, tile.get(), error); });
    }
    /// Calls body(index) for each index below `count`, on as many threads as the run may have, and returns
    /// when all are done. The Host may be used in it. What a body throws comes out here, the first of
    /// several; no further bodies are begun then.
    template<class Body> void parallel_for(std::uint64_t count, const Body &body) const {
        require(MIRRA_PLUGIN_FUNCTION(parallel_for));
        struct Work {
            const Body &body;
            std::mutex lock = {};
            std::exception_ptr thrown = {};
        } work{body};
        const auto step = [](void *user, std::uint64_t index) -> mirra_status {
            Work &all = *static_cast<Work *>(user);
            std::exception_ptr thrown;
            const mirra_status status = caught(thrown, [&] { all.body(index); });
            const std::lock_guard<std::mutex> hold(all.lock);
            if (!all.thrown) all.thrown = thrown;
            return status;
        };
        mirra_error *error = nullptr;
        const mirra_status status = api_->parallel_for(context_, count, step, &work, &error);
        settle(status, error, work.thrown);
    }

    // -- results; a name is that of an output port, or of no port

    void set_result(const char *name, double value) const {
        mirra_value result = value_of(MIRRA_TYPE_FLOAT);
        result.real = value;
        set_value(name, result);
    }
    template<class Whole, std::enable_if_t<std::is_integral<Whole>::value, int> = 0>
    void set_result(const char *name, Whole value) const {
        mirra_value result = value_of(std::is_same<Whole, bool>::value ? MIRRA_TYPE_BOOL : MIRRA_TYPE_INT);
        result.integer = static_cast<std::int64_t>(value);
        set_value(name, result);
    }
    void set_result(const char *name, const char *text) const {
        mirra_value result = value_of(MIRRA_TYPE_STRING);
        result.text = text;
        set_value(name, result);
    }
    void set_result(const char *name, const std::string &text) const { set_result(name, text.c_str()); }
    void set_result(const char *name, const Tensor &tensor) const {
        check([&](mirra_error **error) {
            return api_->set_result_tensor(context_, name, tensor.get(), error);
        });
    }
    /// Puts the rectangle `part` of a tensor at (x, y) into a result of that shape.
    void set_result_part(const char *name, const Shape &shape, TensorRef tensor, const mirra_rect &part,
                         std::int64_t x, std::int64_t y) const {
        require(MIRRA_PLUGIN_FUNCTION(set_result_part));
        check([&](mirra_error **error) {
            return api_->set_result_part(context_, name, shape.data(), tensor.get(), &part, x, y, error);
        });
    }

    // -- tensors; in the run

    /// @throws Failed mismatch where the tensor has more than four extents
    [[nodiscard]] Shape shape(TensorRef tensor) const {
        Shape shape{1, 1, 1, 1};
        const auto most = static_cast<std::int32_t>(shape.size());
        if (api_->tensor_shape(tensor.get(), shape.data(), most) > most)
            throw Failed(MIRRA_E_MISMATCH, "a tensor has more than four extents", "",
                         "Give pictures or features.");
        return shape;
    }
    /// @param graph  that gave the tensor   @throws Failed mismatch unless it has the shape
    void require_shape(TensorRef tensor, const Shape &wanted, const std::string &graph) const {
        const Shape found = shape(tensor);
        if (found == wanted) return;
        throw Failed(MIRRA_E_MISMATCH,
                     "the bundle's graph '" + graph + "' gives " + to_text(found) + " where the task needs " +
                         to_text(wanted),
                     "bundle", "Use a bundle that was trained for this task.");
    }
    /// The tensor itself, if it has the shape: a bundle may hold any network.
    [[nodiscard]] Tensor shaped(Tensor tensor, const Shape &wanted, const std::string &graph) const {
        require_shape(tensor, wanted, graph);
        return tensor;
    }
    /// @throws Failed invalid_argument unless there are as many values as the extents say
    [[nodiscard]] Tensor upload(const float *values, std::size_t count, const Extents &extents) const {
        if (count_of(extents) != count)
            throw Failed(MIRRA_E_INVALID_ARGUMENT,
                         std::to_string(count) + " values are no tensor " + to_text(extents));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_upload(context_, values, extents.data(), rank_of(extents), tensor, error);
        });
    }
    [[nodiscard]] Tensor upload(const std::vector<float> &values, const Extents &extents) const {
        return upload(values.data(), values.size(), extents);
    }
    template<std::size_t Rank>
    [[nodiscard]] Tensor upload(const std::vector<float> &values,
                                const std::array<std::int64_t, Rank> &shape) const {
        return upload(values, Extents(shape.begin(), shape.end()));
    }
    [[nodiscard]] std::vector<float> download(TensorRef tensor) const {
        std::vector<float> values(count_of(shape(tensor)));
        download(tensor, values);
        return values;
    }
    /// Into values of which there must be as many.
    void download(TensorRef tensor, std::vector<float> &values) const {
        check([&](mirra_error **error) {
            return api_->tensor_download(context_, tensor.get(), values.data(), values.size(), error);
        });
    }
    /// On the CPU: memory to write values to, without a copy. @throws Failed unsupported on a GPU
    [[nodiscard]] Created create(const Extents &extents) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_create));
        float *values = nullptr;
        const std::size_t count = count_of(extents);
        Tensor tensor = made([&](mirra_tensor **out, mirra_error **error) {
            return api_->tensor_create(context_, extents.data(), rank_of(extents), &values, out, error);
        });
        return {std::move(tensor), {values, count}};
    }
    /// On the CPU: where values lie, without a copy. @throws Failed unsupported on a GPU
    [[nodiscard]] Mapped map(TensorRef tensor) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_map));
        Mapped mapped;
        mapped.shape = shape(tensor);
        check([&](mirra_error **error) {
            return api_->tensor_map(context_, tensor.get(), &mapped.values, mapped.strides.data(), error);
        });
        return mapped;
    }
    [[nodiscard]] Tensor from_dlpack(const DLTensor &source) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_from_dlpack(context_, &source, tensor, error);
        });
    }
    [[nodiscard]] Dlpack to_dlpack(TensorRef tensor) const {
        DLManagedTensorVersioned *copy = nullptr;
        check([&](mirra_error **error) {
            return api_->tensor_to_dlpack(context_, tensor.get(), &copy, error);
        });
        return Dlpack(copy);
    }
    /// All values the same.
    [[nodiscard]] Tensor full(const Shape &shape, double value) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_full(context_, shape.data(), rank_of(shape), value, tensor, error);
        });
    }
    /// Another handle to it, for a task that gives its input back.
    [[nodiscard]] Tensor retained(TensorRef x) const {
        mirra_tensor *tensor = api_->tensor_retain(x.get());
        if (tensor == nullptr)
            throw Failed(MIRRA_E_INVALID_ARGUMENT, "there is no such tensor, or no memory for its handle");
        return own(tensor);
    }
    /// Element by element; extents of 1 are repeated. op: MIRRA_BINARY_*
    [[nodiscard]] Tensor binary(mirra_binary_op op, TensorRef a, TensorRef b) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_binary(context_, op, a.get(), b.get(), tensor, error);
        });
    }
    /// op: MIRRA_UNARY_*
    [[nodiscard]] Tensor unary(mirra_unary_op op, TensorRef x) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_unary));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_unary(context_, op, x.get(), tensor, error);
        });
    }
    /// scale * x + offset
    [[nodiscard]] Tensor affine(TensorRef x, double scale, double offset) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_affine(context_, x.get(), scale, offset, tensor, error);
        });
    }
    [[nodiscard]] Tensor scaled(TensorRef x, double factor) const { return affine(x, factor, 0); }
    [[nodiscard]] Tensor clamped(TensorRef x, double low, double high) const {
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_clamp(context_, x.get(), low, high, tensor, error);
        });
    }
    /// Over all values. op: MIRRA_REDUCE_*
    [[nodiscard]] double reduce(mirra_reduce_op op, TensorRef x) const {
        double value = 0;
        check([&](mirra_error **error) { return api_->tensor_reduce(context_, op, x.get(), &value, error); });
        return value;
    }
    [[nodiscard]] double sum(TensorRef x) const { return reduce(MIRRA_REDUCE_SUM, x); }
    /// Over the axes whose bits (1 << axis) are set; their extents become 1.
    [[nodiscard]] Tensor reduce_axes(mirra_reduce_op op, TensorRef x, std::uint32_t axes) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_reduce_axes));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_reduce_axes(context_, op, x.get(), axes, tensor, error);
        });
    }
    /// `count` slices of an axis from `first` on.
    [[nodiscard]] Tensor part(TensorRef x, std::int32_t axis, std::int64_t first, std::int64_t count) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_part));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_part(context_, x.get(), axis, first, count, tensor, error);
        });
    }
    /// One behind the other along an axis.
    [[nodiscard]] Tensor concat(const std::vector<TensorRef> &tensors, std::int32_t axis) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_concat));
        std::vector<const mirra_tensor *> handles;
        for (const TensorRef &each : tensors) handles.push_back(each.get());
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_concat(context_, handles.data(), static_cast<std::uint32_t>(handles.size()),
                                       axis, tensor, error);
        });
    }
    /// {N, C, h, w} brought to {N, C, height, width}.
    [[nodiscard]] Tensor resampled(TensorRef x, std::int64_t height, std::int64_t width) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_resample));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_resample(context_, x.get(), height, width, tensor, error);
        });
    }
    /// Of two matrices. flags: MIRRA_PRODUCT_*
    [[nodiscard]] Tensor product(mirra_product_flags flags, TensorRef a, TensorRef b) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_product));
        return made([&](mirra_tensor **tensor, mirra_error **error) {
            return api_->tensor_product(context_, flags, a.get(), b.get(), tensor, error);
        });
    }
    [[nodiscard]] Eigen eigen(TensorRef symmetric) const {
        require(MIRRA_PLUGIN_FUNCTION(tensor_eigen));
        mirra_tensor *values = nullptr, *vectors = nullptr;
        check([&](mirra_error **error) {
            return api_->tensor_eigen(context_, symmetric.get(), &values, &vectors, error);
        });
        return {own(values), own(vectors)};
    }

    // -- networks; in the run

    [[nodiscard]] std::vector<Tensor> run_graph(const std::string &graph, const std::vector<Named> &inputs,
                                                const std::vector<std::string> &outputs) const {
        constexpr std::uint32_t kSize = sizeof(mirra_named_tensor);
        std::vector<mirra_named_tensor> in, out;
        for (const Named &input : inputs)
            in.push_back({kSize, 0, input.name, const_cast<mirra_tensor *>(input.tensor.get())});
        for (const std::string &output : outputs) out.push_back({kSize, 0, output.c_str(), nullptr});
        std::vector<Tensor> tensors(outputs.size());
        check([&](mirra_error **error) {
            return api_->graph_run(context_, graph.c_str(), in.data(), static_cast<std::uint32_t>(in.size()),
                                   out.data(), static_cast<std::uint32_t>(out.size()), error);
        });
        for (std::size_t i = 0; i < out.size(); ++i) tensors[i] = own(out[i].tensor);
        return tensors;
    }
    /// The same for one of its outputs.
    [[nodiscard]] Tensor run_graph(const std::string &graph, const std::vector<Named> &inputs,
                                   const std::string &output) const {
        return std::move(run_graph(graph, inputs, std::vector<std::string>{output}).front());
    }
    /// A graph with one input.
    [[nodiscard]] Tensor run_graph(const std::string &graph, const char *input, TensorRef x,
                                   const std::string &output) const {
        return run_graph(graph, std::vector<Named>{{input, x}}, output);
    }
    [[nodiscard]] std::vector<Tensor> run_graph(const std::string &graph, const char *input, TensorRef x,
                                                const std::vector<std::string> &outputs) const {
        return run_graph(graph, std::vector<Named>{{input, x}}, outputs);
    }
    /// Gradient of a function of the output with respect to the one input.
    [[nodiscard]] Tensor gradient(const std::string &graph, const char *input, TensorRef x,
                                  const std::string &output, const Upstream &upstream) const {
        require(MIRRA_PLUGIN_FUNCTION(graph_gradient));
        struct Question {
            const Upstream &upstream;
            std::exception_ptr thrown = {};
        } question{upstream};
        const mirra_named_tensor in{sizeof(mirra_named_tensor), 0, input,
                                    const_cast<mirra_tensor *>(x.get())};
        MIRRA_STRUCT(mirra_gradient_request, request);
        request.input_count = 1;
        request.graph = graph.c_str();
        request.inputs = &in;
        request.output = output.c_str();
        request.input = input;
        request.upstream = [](void *user, mirra_context *, const mirra_tensor *of, mirra_tensor **slope,
                              mirra_error **) -> mirra_status {
            Question &asked = *static_cast<Question *>(user);
            return caught(asked.thrown, [&] { *slope = asked.upstream(of).release(); });
        };
        request.user = &question;
        mirra_tensor *gradient = nullptr;
        mirra_error *error = nullptr;
        const mirra_status status = api_->graph_gradient(context_, &request, &gradient, &error);
        settle(status, error, question.thrown);
        return own(gradient);
    }

  private:
    void require(const Function &function) const { plugin::require(api_, function); }
    [[nodiscard]] Tensor own(mirra_tensor *tensor) const noexcept { return {api_, tensor}; }
    template<class Shapes> static std::int32_t rank_of(const Shapes &extents) {
        return static_cast<std::int32_t>(extents.size());
    }
    static std::string text_of(const mirra_value &value) { return value.text == nullptr ? "" : value.text; }
    static mirra_value value_of(mirra_type type) {
        MIRRA_STRUCT(mirra_value, value);
        value.type = type;
        return value;
    }
    void set_value(const char *name, const mirra_value &value) const {
        check([&](mirra_error **error) { return api_->set_result(context_, name, &value, error); });
    }
    template<class Call> void check(const Call &call) const {
        mirra_error *error = nullptr;
        const mirra_status status = call(&error);
        settle(status, error, nullptr);
    }
    template<class Struct, class Call> Struct filled(const Call &call) const {
        MIRRA_STRUCT(Struct, value);
        check([&](mirra_error **error) { return call(&value, error); });
        return value;
    }
    template<class Call> Tensor made(const Call &call) const {
        mirra_tensor *tensor = nullptr;
        check([&](mirra_error **error) { return call(&tensor, error); });
        return own(tensor);
    }
    /// Throws what a callback threw, else what the host says.
    void settle(mirra_status status, mirra_error *error, const std::exception_ptr &thrown) const {
        if (status == MIRRA_OK) return;
        const Failed failed(api_, status, error);
        if (thrown) std::rethrow_exception(thrown);
        throw failed;
    }

    const mirra_host_api *api_;
    mirra_context *context_;
};

// ---- Planes

/// Values {channels, height, width} in the plugin's memory, where the channels may be those of several
/// pictures. Whatever is taken out, or put in, is checked.
class Planes {
  public:
    Planes() = default;
    Planes(std::int64_t channels, std::int64_t height, std::int64_t width)
        : channels_(channels)
        , height_(height)
        , width_(width)
        , values_(count_of(Extents{channels, height, width})) {}
    explicit Planes(const Shape &shape) : Planes(shape[0] * shape[1], shape[2], shape[3]) {}
    /// Those of a tensor.
    Planes(const Host &host, TensorRef tensor) : values_(host.download(tensor)) {
        const Shape shape = host.shape(tensor);
        channels_ = shape[0] * shape[1];
        height_ = shape[2];
        width_ = shape[3];
    }

    [[nodiscard]] bool empty() const noexcept { return values_.empty(); }
    [[nodiscard]] std::int64_t channels() const noexcept { return channels_; }
    [[nodiscard]] std::int64_t height() const noexcept { return height_; }
    [[nodiscard]] std::int64_t width() const noexcept { return width_; }
    /// Places of one channel.
    [[nodiscard]] std::int64_t area() const noexcept { return height_ * width_; }
    [[nodiscard]] Span<float> channel(std::int64_t c) { return part_of(values_, c * area(), area()); }
    [[nodiscard]] Span<const float> channel(std::int64_t c) const {
        return part_of(values_, c * area(), area());
    }
    [[nodiscard]] const std::vector<float> &values() const noexcept { return values_; }

    /// The values of a rectangle, channel by channel. @throws OutOfBounds
    [[nodiscard]] std::vector<float> cut(const mirra_rect &rect) const {
        check(rect.x, rect.y, rect);
        std::vector<float> part;
        part.reserve(static_cast<std::size_t>(channels_ * rect.height * rect.width));
        for (std::int64_t c = 0; c < channels_; ++c)
            for (std::int64_t row = 0; row < rect.height; ++row) {
                const auto from = part_of(values_, row_of(c, rect.x, rect.y + row), rect.width);
                part.insert(part.end(), from.begin(), from.end());
            }
        return part;
    }
    /// The same as a tensor {1, channels, its height, its width}.
    [[nodiscard]] Tensor cut(const Host &host, const mirra_rect &rect) const {
        return host.upload(cut(rect), Extents{1, channels_, rect.height, rect.width});
    }
    /// Takes over `rect`, unless it is empty, out of planes whose first value lies at (x, y).
    /// @throws OutOfBounds
    void put(const Planes &planes, std::int64_t x, std::int64_t y, const mirra_rect &rect) {
        if (rect.width < 1 || rect.height < 1) return;
        if (planes.channels_ != channels_) throw OutOfBounds();
        check(rect.x, rect.y, rect);
        planes.check(rect.x - x, rect.y - y, rect);
        for (std::int64_t c = 0; c < channels_; ++c)
            for (std::int64_t row = 0; row < rect.height; ++row) {
                const auto from =
                    part_of(planes.values_, planes.row_of(c, rect.x - x, rect.y + row - y), rect.width);
                const auto to = part_of(values_, row_of(c, rect.x, rect.y + row), rect.width);
                std::copy(from.begin(), from.end(), to.begin());
            }
    }

  private:
    /// Where a row of a rectangle begins, which lies in the planes as a whole.
    [[nodiscard]] std::int64_t row_of(std::int64_t c, std::int64_t x, std::int64_t y) const noexcept {
        return (c * height_ + y) * width_ + x;
    }
    /// Whether a rectangle of these extents at (x, y) lies inside.
    void check(std::int64_t x, std::int64_t y, const mirra_rect &extents) const {
        const auto inside = [](std::int64_t at, std::int64_t count, std::int64_t all) {
            return at >= 0 && count >= 1 && at < all && count <= all - at;
        };
        if (!inside(x, extents.width, width_) || !inside(y, extents.height, height_)) throw OutOfBounds();
    }

    std::int64_t channels_ = 0, height_ = 0, width_ = 0;
    std::vector<float> values_;
};

// ---- What a task says of itself. Texts and arrays must live as long as the process: literals, and arrays at
// namespace scope.

/// @param direction  MIRRA_PORT_INPUT, _OUTPUT   @param type  MIRRA_TYPE_*   @param flags  MIRRA_PORT_*
inline mirra_port_info port(mirra_direction direction, mirra_type type, mirra_port_flags flags,
                            const char *name, const char *label, const char *doc) noexcept {
    MIRRA_STRUCT(mirra_port_info, info);
    info.direction = direction;
    info.type = type;
    info.flags = flags;
    info.name = name;
    info.label = label;
    info.doc = doc;
    return info;
}

/// A parameter without range or choices. type: MIRRA_TYPE_*
inline mirra_param_info parameter(mirra_type type, const char *name, const char *label,
                                  const char *doc) noexcept {
    MIRRA_STRUCT(mirra_param_info, info);
    info.type = type;
    info.since = 1;
    info.name = name;
    info.label = label;
    info.doc = doc;
    return info;
}

inline mirra_param_info boolean(const char *name, const char *label, const char *doc,
                                bool standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_BOOL, name, label, doc);
    info.default_value = standard ? 1 : 0;
    return info;
}

/// @param standard  what it is at first
inline mirra_param_info text(const char *name, const char *label, const char *doc,
                             const char *standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_STRING, name, label, doc);
    info.default_text = standard;
    return info;
}

/// The path of a file to read; at first "".
inline mirra_param_info file(const char *name, const char *label, const char *doc) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_FILE, name, label, doc);
    info.default_text = "";
    return info;
}

/// @param standard  "#rrggbb" or "#rrggbbaa"
inline mirra_param_info color(const char *name, const char *label, const char *doc,
                              const char *standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_COLOR, name, label, doc);
    info.default_text = standard;
    return info;
}

struct Range {
    double minimum, maximum;
    double soft_maximum; ///< of a slider
    double standard;     ///< what it is at first
};

/// type: MIRRA_TYPE_INT, _FLOAT
inline mirra_param_info number(mirra_type type, const char *name, const char *label, const char *doc,
                               const Range &range) noexcept {
    mirra_param_info info = parameter(type, name, label, doc);
    info.minimum = info.soft_minimum = range.minimum;
    info.maximum = range.maximum;
    info.soft_maximum = range.soft_maximum;
    info.default_value = range.standard;
    return info;
}

/// One of several names.
/// @param choices, labels  arrays (std::array<const char *, N>) of the same size
template<class Names>
mirra_param_info choice(const char *name, const char *label, const char *doc, const Names &choices,
                        const Names &labels, const char *standard) noexcept {
    mirra_param_info info = parameter(MIRRA_TYPE_ENUM, name, label, doc);
    info.choices = choices.data();
    info.choice_labels = labels.data();
    info.choice_count = static_cast<std::uint32_t>(choices.size());
    info.default_text = standard;
    return info;
}

/// The range and step of a slider, where they differ from the parameter's.
inline mirra_param_info slider(mirra_param_info info, double soft_minimum, double soft_maximum,
                               double step = 0) noexcept {
    info.soft_minimum = soft_minimum;
    info.soft_maximum = soft_maximum;
    info.step = step;
    return info;
}

/// Shown to those who ask for more, under a heading.
inline mirra_param_info advanced(mirra_param_info info, const char *group) noexcept {
    info.group = group;
    info.flags |= MIRRA_PARAM_ADVANCED;
    return info;
}

/// A length in pixels of the image, which follows the scale of a preview.
inline mirra_param_info in_pixels(mirra_param_info info) noexcept {
    info.flags |= MIRRA_PARAM_PIXELS;
    return info;
}

/// Shown while another parameter has a value: "NAME=VALUE|VALUE".
inline mirra_param_info visible_if(mirra_param_info info, const char *condition) noexcept {
    info.visible_if = condition;
    return info;
}

/// A port or parameter that stands for NAME, NAME_2 ... NAME_max_count, which go with those of the same place
/// in the series.
template<class Info> Info in_series(Info info, const char *series, std::uint32_t max_count) noexcept {
    info.series = series;
    info.max_count = max_count;
    return info;
}

/// A task without its functions, which Registry::add knows.
/// @param ports, params  arrays
template<class Ports, class Params>
mirra_task task(const char *name, const char *label, const char *doc, const Ports &ports,
                const Params &params) noexcept {
    MIRRA_STRUCT(mirra_task, task);
    task.name = name;
    task.label = label;
    task.doc = doc;
    task.ports = ports.data();
    task.params = params.data();
    task.port_count = static_cast<std::uint32_t>(ports.size());
    task.param_count = static_cast<std::uint32_t>(params.size());
    return task;
}

// ---- A task whose sessions are objects

/// The functions of mirra_task, over a class `Session` with a default constructor and
///   void configure(const Host &, mirra_setup &);
///   Tensor process(const Host &, const mirra_tile &, const mirra_tensor *input);
///       the output tile; an empty Tensor in a task without an image output. `input` is NULL in a task
///       without an image input
/// and, if it has them,
///   void begin(const Host &);
///   void measure(const Host &, const mirra_tile &, const mirra_tensor *input);
///       then the task has MIRRA_TASK_GLOBAL_STATISTICS
///   void finish(const Host &);
///   void end(const Host &, mirra_outcome);
///       what it throws is logged
/// One call at a time for each object, on changing threads; with MIRRA_TASK_CONCURRENT_TILES several calls of
/// `process` at once. The setup and the tiles have all fields, whatever the host's version; what an older
/// host does not know is 0, and may not be set to anything else.
template<class Session> class SessionTask {
  public:
    /// @param task  described but for its functions
    static void add_functions(mirra_task &task) noexcept {
        task.create = create;
        task.destroy = destroy;
        task.configure = configure;
        task.process = process;
        if constexpr (kHas<Begin, Session>) task.begin = begin;
        if constexpr (kHas<Measure, Session>) {
            task.measure = measure;
            task.flags |= MIRRA_TASK_GLOBAL_STATISTICS;
        }
        if constexpr (kHas<Finish, Session>) task.finish = finish;
        if constexpr (kHas<End, Session>) task.end = end;
    }

  private:
    template<class S> using Begin = decltype(std::declval<S &>().begin(std::declval<const Host &>()));
    template<class S>
    using Measure =
        decltype(std::declval<S &>().measure(std::declval<const Host &>(), std::declval<const mirra_tile &>(),
                                             std::declval<const mirra_tensor *>()));
    template<class S> using Finish = decltype(std::declval<S &>().finish(std::declval<const Host &>()));
    template<class S>
    using End = decltype(std::declval<S &>().end(std::declval<const Host &>(), mirra_outcome{}));
    template<template<class> class Function, class S, class = void> struct Has : std::false_type {};
    template<template<class> class Function, class S>
    struct Has<Function, S, std::void_t<Function<S>>> : std::true_type {};
    template<template<class> class Function, class S> static constexpr bool kHas = Has<Function, S>::value;

    struct Instance {
        const mirra_host_api *api;
        Session session = {};
    };
    static Instance &of(void *instance) noexcept { return *static_cast<Instance *>(instance); }

    /// Calls body(struct) with all fields of this header's version, and gives back what the host knows of it.
    template<class Struct, class Body> static void whole(Struct *hosts, const Body &body) {
        if (hosts->struct_size >= sizeof(Struct)) return body(*hosts);
        const std::uint32_t known = hosts->struct_size;
        std::array<unsigned char, sizeof(Struct)> bytes{};
        MIRRA_STRUCT(std::remove_const_t<Struct>, own);
        std::memcpy(&own, hosts, known);
        body(own);
        if constexpr (!std::is_const<Struct>::value) {
            std::memcpy(bytes.data(), &own, sizeof own);
            if (std::any_of(bytes.begin() + known, bytes.end(), [](unsigned char b) { return b != 0; }))
                throw Failed(MIRRA_E_UNSUPPORTED, "the task needs fields that this version of Mirra lacks",
                             "", "Install a newer Mirra.");
            std::memcpy(hosts, &own, known);
        }
    }

    static mirra_status create(void *, const mirra_host_api *api, void **instance, mirra_error **error) {
        return guarded(api, error, [&] { *instance = new Instance{api}; });
    }
    static void destroy(void *instance) noexcept { delete &of(instance); }
    static mirra_status configure(void *instance, mirra_context *context, mirra_setup *setup,
                                  mirra_error **error) {
        Instance &self = of(instance);
        return guarded(self.api, error, [&] {
            whole(setup, [&](mirra_setup &all) { self.session.configure(Host(self.api, context), all); });
        });
    }
    static mirra_status begin(void *instance, mirra_context *context, mirra_error **error) {
        Instance &self = of(instance);
        return guarded(self.api, error, [&] { self.session.begin(Host(self.api, context)); });
    }
    static mirra_status measure(void *instance, mirra_context *context, const mirra_tile *tile,
                                const mirra_tensor *input, mirra_error **error) {
        Instance &self = of(instance);
        return guarded(self.api, error, [&] {
            whole(tile,
                  [&](const mirra_tile &all) { self.session.measure(Host(self.api, context), all, input); });
        });
    }
    static mirra_status process(void *instance, mirra_context *context, const mirra_tile *tile,
                                const mirra_tensor *input, mirra_tensor **output, mirra_error **error) {
        Instance &self = of(instance);
        return guarded(self.api, error, [&] {
            whole(tile, [&](const mirra_tile &all) {
                *output = self.session.process(Host(self.api, context), all, input).release();
            });
        });
    }
    static mirra_status finish(void *instance, mirra_context *context, mirra_error **error) {
        Instance &self = of(instance);
        return guarded(self.api, error, [&] { self.session.finish(Host(self.api, context)); });
    }
    static void end(void *instance, mirra_context *context, mirra_outcome outcome) {
        Instance &self = of(instance);
        try {
            self.session.end(Host(self.api, context), outcome);
        } catch (const std::exception &exception) {
            self.api->log(self.api, MIRRA_LOG_WARNING, exception.what());
        }
        MIRRA_PLUGIN_THREAD_ENDS
        catch (...) {
            self.api->log(self.api, MIRRA_LOG_WARNING, "a task could not end its run");
        }
    }
};

/// What an engine asks a plugin for, once: its tasks.
class Registry {
  public:
    explicit Registry(const mirra_host_api *api) noexcept : api_(api) {}

    [[nodiscard]] const mirra_host_api *api() const noexcept { return api_; }
    [[nodiscard]] bool has(const Function &function) const noexcept { return plugin::has(api_, function); }
    /// Functions without which the plugin is of no use: a host that lacks one passes the plugin over, and
    /// says so. Those that are used only if they are there are asked for by `has`.
    /// @throws Failed unsupported
    void require(std::initializer_list<Function> functions) const {
        for (const Function &function : functions) plugin::require(api_, function);
    }
    /// @param task  described but for its functions, see task()
    template<class Session> void add(mirra_task task) const {
        SessionTask<Session>::add_functions(task);
        mirra_error *error = nullptr;
        const mirra_status status = api_->register_task(api_, &task, &error);
        if (status != MIRRA_OK) throw Failed(api_, status, error);
    }

  private:
    const mirra_host_api *api_;
};

} // namespace plugin
} // namespace mirra

/// The function that a plugin exports; once in a plugin, outside of all namespaces.
/// @param plugin_id, plugin_version  texts: "org.example.sharpen", "1.0"
/// @param bring                      void(mirra::plugin::Registry &), called once for each engine
#define MIRRA_PLUGIN(plugin_id, plugin_version, bring)                                                       \
    extern "C" MIRRA_PLUGIN_EXPORT mirra_status mirra_plugin_query_v1(const mirra_host_info *host,           \
                                                                      mirra_plugin_info *info);              \
    extern "C" mirra_status mirra_plugin_query_v1(const mirra_host_info *, mirra_plugin_info *info) {        \
        info->abi_min = 1;                                                                                   \
        info->abi_max = MIRRA_PLUGIN_ABI;                                                                    \
        info->id = plugin_id;                                                                                \
        info->version = plugin_version;                                                                      \
        info->init = [](const mirra_host_api *api, std::uint32_t, mirra_error **error) -> mirra_status {     \
            return ::mirra::plugin::guarded(api, error, [&] {                                                \
                ::mirra::plugin::Registry registry(api);                                                     \
                bring(registry);                                                                             \
            });                                                                                              \
        };                                                                                                   \
        return MIRRA_OK;                                                                                     \
    }

#endif // MIRRA_MIRRA_PLUGIN_HPP_
