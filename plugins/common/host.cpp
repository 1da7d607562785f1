// The host's functions as C++.
#include "host.hpp"

#include <algorithm>
#include <cmath>

namespace plugin {

void Host::fail(mirra_status status, const std::string &message, const char *subject,
                const std::string &hint) const {
    throw Failed{status, api_->error_create(api_, status, message.c_str(), subject, hint.c_str())};
}

namespace {

/// Calls a function of the host's, which takes where to put an error.
template<class Function> void call(const Function &function) {
    mirra_error *error = nullptr;
    const mirra_status status = function(&error);
    if (status != MIRRA_OK) throw Failed{status, error};
}

} // namespace

mirra_value Host::param(const char *name) const {
    MIRRA_STRUCT(mirra_value, value);
    call([&](mirra_error **error) { return api_->param(context_, name, &value, error); });
    return value;
}

double Host::real(const char *name) const {
    return param(name).real;
}

std::optional<double> Host::number(const char *name) const {
    const mirra_value value = param(name);
    return value.type == MIRRA_TYPE_FLOAT ? std::optional(value.real) : std::nullopt;
}

std::int64_t Host::integer(const char *name) const {
    return param(name).integer;
}

std::string Host::text(const char *name) const {
    return param(name).text;
}

std::string Host::default_text(const char *name) const {
    MIRRA_STRUCT(mirra_value, value);
    const mirra_status status = api_->manifest_default(context_, name, &value, nullptr);
    return status == MIRRA_OK && value.text != nullptr ? value.text : "";
}

std::optional<double> Host::default_number(const char *name) const {
    MIRRA_STRUCT(mirra_value, value);
    if (api_->manifest_default(context_, name, &value, nullptr) != MIRRA_OK) return std::nullopt;
    if (value.type == MIRRA_TYPE_FLOAT) return value.real;
    if (value.type == MIRRA_TYPE_INT) return static_cast<double>(value.integer);
    return std::nullopt;
}

std::vector<std::string> Host::graphs() const {
    std::vector<std::string> names;
    while (const char *name = api_->graph_name(context_, static_cast<std::uint32_t>(names.size())))
        names.emplace_back(name);
    return names;
}

std::int64_t Host::channels(const std::string &graph, const char *input) const {
    return api_->graph_input_channels(context_, graph.c_str(), input);
}

std::int64_t Host::alignment(const std::string &graph) const {
    const std::int64_t alignment = api_->graph_alignment(context_, graph.c_str());
    if (alignment >= 1) return alignment;
    fail(MIRRA_E_MISMATCH, "the bundle's graph '" + graph + "' takes no size of pictures that is supported",
         "bundle", "Use a bundle that was trained for this task.");
}

Shape Host::output_shape(const std::string &graph, const std::string &output, std::int64_t height,
                         std::int64_t width) const {
    Shape shape{};
    call([&](mirra_error **error) {
        return api_->graph_output_shape(context_, graph.c_str(), output.c_str(), height, width, shape.data(),
                                        error);
    });
    return shape;
}

std::vector<std::int64_t> Host::port_shape(const char *port) const {
    constexpr std::int32_t kMostExtents = 8;
    std::vector<std::int64_t> shape(kMostExtents);
    shape.resize(
        static_cast<std::size_t>(api_->port_tensor_shape(context_, port, shape.data(), kMostExtents)));
    return shape;
}

void Host::require_finite(const char *port, const std::string &hint) const {
    const auto extents = port_shape(port);
    if (extents.size() != 4 || extents[3] < 1) return; // for others to say what is wrong with it
    constexpr std::int64_t kMostValues = std::int64_t{1} << 20;
    const std::int64_t most = std::max<std::int64_t>(1, kMostValues / (extents[0] * extents[1] * extents[3]));
    for (std::int64_t row = 0; row < extents[2]; row += most) {
        const auto strip = make_rect(0, row, extents[3], std::min(most, extents[2] - row));
        const auto values = download(port_part(port, strip).get());
        if (std::ranges::all_of(values, [](float value) { return std::isfinite(value); })) continue;
        fail(MIRRA_E_INVALID_ARGUMENT, "there are values that are no finite numbers", port, hint);
    }
}

Tensor Host::port_tensor(const char *port) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->port_tensor(context_, port, &tensor, error); });
    return own(tensor);
}

Tensor Host::port_part(const char *port, const mirra_rect &part) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->port_tensor_part(context_, port, &part, &tensor, error); });
    return own(tensor);
}

Tensor Host::port_image(const char *port, const mirra_rect &rect) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->port_image(context_, port, &rect, &tensor, error); });
    return own(tensor);
}

std::array<std::int64_t, 2> Host::port_image_size(const char *port) const {
    std::int32_t width = 0, height = 0;
    call([&](mirra_error **error) { return api_->port_image_size(context_, port, &width, &height, error); });
    return {width, height};
}

Tensor Host::port_image_scaled(const char *port, std::int64_t width, std::int64_t height,
                               const mirra_rect &rect) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) {
        return api_->port_image_scaled(context_, port, width, height, &rect, &tensor, error);
    });
    return own(tensor);
}

std::vector<float> Host::port_alpha(const char *port, std::int64_t width, std::int64_t height,
                                    const mirra_rect &rect) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) {
        return api_->port_alpha(context_, port, width, height, &rect, &tensor, error);
    });
    return tensor == nullptr ? std::vector<float>() : download(own(tensor).get());
}

mirra_run_info Host::run_info() const {
    MIRRA_STRUCT(mirra_run_info, info);
    call([&](mirra_error **error) { return api_->run_info(context_, &info, error); });
    return info;
}

std::array<double, MIRRA_NOISE_PARTS> Host::explained_noise() const {
    std::array<double, MIRRA_NOISE_PARTS> variances{};
    call([&](mirra_error **error) { return api_->explained_noise(context_, variances.data(), error); });
    return variances;
}

std::optional<double> Host::estimate_noise() const {
    double sigma = 0;
    mirra_error *error = nullptr;
    const mirra_status status = api_->estimate_noise(context_, &sigma, &error);
    if (status == MIRRA_OK) return sigma;
    if (status != MIRRA_E_INVALID_ARGUMENT) throw Failed{status, error};
    api_->error_destroy(api_, error);
    return std::nullopt;
}

void Host::set_result(const char *name, double value) const {
    MIRRA_STRUCT(mirra_value, result);
    result.type = MIRRA_TYPE_FLOAT;
    result.real = value;
    call([&](mirra_error **error) { return api_->set_result(context_, name, &result, error); });
}

void Host::set_result(const char *name, std::int64_t value) const {
    MIRRA_STRUCT(mirra_value, result);
    result.type = MIRRA_TYPE_INT;
    result.integer = value;
    call([&](mirra_error **error) { return api_->set_result(context_, name, &result, error); });
}

void Host::set_result(const char *name, const std::string &text) const {
    MIRRA_STRUCT(mirra_value, result);
    result.type = MIRRA_TYPE_STRING;
    result.text = text.c_str();
    call([&](mirra_error **error) { return api_->set_result(context_, name, &result, error); });
}

void Host::set_result(const char *name, const Tensor &tensor) const {
    call([&](mirra_error **error) { return api_->set_result_tensor(context_, name, tensor.get(), error); });
}

void Host::set_result_part(const char *name, const Shape &shape, const Tensor &tensor, const mirra_rect &part,
                           std::int64_t x, std::int64_t y) const {
    call([&](mirra_error **error) {
        return api_->set_result_part(context_, name, shape.data(), tensor.get(), &part, x, y, error);
    });
}

void Host::progress(double fraction) const {
    call([&](mirra_error **error) { return api_->progress(context_, fraction, error); });
}

void Host::preview(const Tensor &output) const {
    call([&](mirra_error **error) { return api_->preview(context_, output.get(), error); });
}

Shape Host::shape(const mirra_tensor *tensor) const {
    Shape shape{1, 1, 1, 1};
    const auto most = static_cast<std::int32_t>(shape.size());
    if (api_->tensor_shape(tensor, shape.data(), most) > most)
        fail(MIRRA_E_MISMATCH, "a tensor has more than four extents", nullptr, "Give pictures or features.");
    return shape;
}

void Host::require_shape(const mirra_tensor *tensor, const Shape &wanted, const std::string &graph) const {
    const Shape found = shape(tensor);
    if (found == wanted) return;
    fail(MIRRA_E_MISMATCH,
         "the bundle's graph '" + graph + "' gives " + to_text(found) + " where the task needs " +
             to_text(wanted),
         "bundle", "Use a bundle that was trained for this task.");
}

Tensor Host::shaped(Tensor tensor, const Shape &wanted, const std::string &graph) const {
    require_shape(tensor.get(), wanted, graph);
    return tensor;
}

Tensor Host::upload(const std::vector<float> &values, const std::vector<std::int64_t> &shape) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) {
        return api_->tensor_upload(context_, values.data(), shape.data(),
                                   static_cast<std::int32_t>(shape.size()), &tensor, error);
    });
    return own(tensor);
}

Tensor Host::full(const Shape &shape, double value) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) {
        return api_->tensor_full(context_, shape.data(), static_cast<std::int32_t>(shape.size()), value,
                                 &tensor, error);
    });
    return own(tensor);
}

Tensor Host::retained(const mirra_tensor *x) const {
    mirra_tensor *tensor = api_->tensor_retain(x);
    if (tensor == nullptr) throw std::bad_alloc();
    return own(tensor);
}

void Host::download(const Tensor &tensor, std::vector<float> &values) const {
    call([&](mirra_error **error) {
        return api_->tensor_download(context_, tensor.get(), values.data(), values.size(), error);
    });
}

std::vector<float> Host::download(const mirra_tensor *tensor) const {
    const Shape extents = shape(tensor);
    std::vector<float> values(static_cast<std::size_t>(extents[0] * extents[1] * extents[2] * extents[3]));
    call([&](mirra_error **error) {
        return api_->tensor_download(context_, tensor, values.data(), values.size(), error);
    });
    return values;
}

Tensor Host::binary(std::int32_t op, const mirra_tensor *a, const mirra_tensor *b) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->tensor_binary(context_, op, a, b, &tensor, error); });
    return own(tensor);
}

Tensor Host::scaled(const mirra_tensor *x, double factor) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->tensor_affine(context_, x, factor, 0, &tensor, error); });
    return own(tensor);
}

Tensor Host::clamped(const mirra_tensor *x, double low, double high) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->tensor_clamp(context_, x, low, high, &tensor, error); });
    return own(tensor);
}

Tensor Host::resampled(const mirra_tensor *x, std::int64_t height, std::int64_t width) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) {
        return api_->tensor_resample(context_, x, height, width, &tensor, error);
    });
    return own(tensor);
}

double Host::sum(const mirra_tensor *x) const {
    double value = 0;
    call([&](mirra_error **error) {
        return api_->tensor_reduce(context_, MIRRA_REDUCE_SUM, x, &value, error);
    });
    return value;
}

Tensor Host::product(std::uint32_t flags, const mirra_tensor *a, const mirra_tensor *b) const {
    mirra_tensor *tensor = nullptr;
    call([&](mirra_error **error) { return api_->tensor_product(context_, flags, a, b, &tensor, error); });
    return own(tensor);
}

Eigen Host::eigen(const mirra_tensor *symmetric) const {
    mirra_tensor *values = nullptr, *vectors = nullptr;
    call([&](mirra_error **error) {
        return api_->tensor_eigen(context_, symmetric, &values, &vectors, error);
    });
    return {own(values), own(vectors)};
}

Tensor Host::run_graph(const std::string &graph, const std::vector<Named> &inputs,
                       const std::string &output) const {
    return std::move(run_graph(graph, inputs, std::vector{output}).front());
}

Tensor Host::run_graph(const std::string &graph, const char *input, const mirra_tensor *x,
                       const std::string &output) const {
    return run_graph(graph, std::vector{Named{input, x}}, output);
}

std::vector<Tensor> Host::run_graph(const std::string &graph, const char *input, const mirra_tensor *x,
                                    const std::vector<std::string> &outputs) const {
    return run_graph(graph, std::vector{Named{input, x}}, outputs);
}

std::vector<Tensor> Host::run_graph(const std::string &graph, const std::vector<Named> &inputs,
                                    const std::vector<std::string> &outputs) const {
    constexpr std::uint32_t kSize = sizeof(mirra_named_tensor);
    std::vector<mirra_named_tensor> in, out;
    for (const Named &input : inputs)
        in.push_back({kSize, 0, input.name, const_cast<mirra_tensor *>(input.tensor)});
    for (const std::string &output : outputs) out.push_back({kSize, 0, output.c_str(), nullptr});
    std::vector<Tensor> tensors(outputs.size());
    call([&](mirra_error **error) {
        return api_->graph_run(context_, graph.c_str(), in.data(), static_cast<std::uint32_t>(in.size()),
                               out.data(), static_cast<std::uint32_t>(out.size()), error);
    });
    for (std::size_t i = 0; i < out.size(); ++i) tensors[i] = own(out[i].tensor);
    return tensors;
}

namespace {

struct Question {
    const mirra_host_api *api;
    const Upstream &upstream;
};

mirra_status answer(void *user, mirra_context *, const mirra_tensor *output, mirra_tensor **upstream,
                    mirra_error **error) noexcept {
    const auto &question = *static_cast<const Question *>(user);
    return guarded(question.api, error, [&] { *upstream = question.upstream(output).release(); });
}

} // namespace

Tensor Host::gradient(const std::string &graph, const char *input, const mirra_tensor *x,
                      const std::string &output, const Upstream &upstream) const {
    const mirra_named_tensor in{sizeof(mirra_named_tensor), 0, input, const_cast<mirra_tensor *>(x)};
    Question question{api_, upstream};
    MIRRA_STRUCT(mirra_gradient_request, request);
    request.input_count = 1;
    request.graph = graph.c_str();
    request.inputs = &in;
    request.output = output.c_str();
    request.input = input;
    request.upstream = answer;
    request.user = &question;
    mirra_tensor *gradient = nullptr;
    call([&](mirra_error **error) { return api_->graph_gradient(context_, &request, &gradient, error); });
    return own(gradient);
}

} // namespace plugin
