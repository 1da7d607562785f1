// The host's tensor functions for plugins.
#include "c_error.hpp"
#include "c_struct.hpp"
#include "dlpack.hpp"
#include "host_table.hpp"
#include "resample.hpp"

#include <algorithm>
#include <array>

namespace mirra::host {
namespace {

constexpr std::int32_t kMostDimensions = 8;
constexpr std::int64_t kMostElements = std::int64_t{1} << 40;

/// From the last extents on, both must be equal or one of them 1.
void check_broadcast(const graph::Shape &a, const graph::Shape &b) {
    const std::size_t common = std::min(a.size(), b.size());
    if (!std::equal(a.end() - static_cast<std::ptrdiff_t>(common), a.end(),
                    b.end() - static_cast<std::ptrdiff_t>(common),
                    [](std::int64_t x, std::int64_t y) { return x == y || x == 1 || y == 1; })) {
        throw Error(ErrorCode::mismatch, "tensors of the shapes " + to_text(a) + " and " + to_text(b) +
                                             " do not go together element by element");
    }
}

void tensor_release(mirra_tensor *tensor) {
    release_handle(tensor);
}

mirra_tensor *tensor_retain(const mirra_tensor *tensor) {
    mirra_tensor *copy = nullptr;
    if (tensor != nullptr) guard(nullptr, [&] { copy = new_handle(tensor_of(tensor)); });
    return copy;
}

std::int32_t tensor_shape(const mirra_tensor *tensor, std::int64_t *shape, std::int32_t capacity) {
    std::int32_t rank = 0;
    guard(nullptr, [&] {
        const runtime::TensorPtr known = tensor_of(tensor);
        if (known == nullptr) return;
        const graph::Shape &extents = known->shape();
        rank = static_cast<std::int32_t>(extents.size());
        if (shape != nullptr) std::copy_n(extents.begin(), std::clamp(capacity, 0, rank), shape);
    });
    return rank;
}

mirra_status tensor_upload(mirra_context *context, const float *values, const std::int64_t *shape,
                           std::int32_t rank, mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({values, tensor});
        const graph::Shape extents = read_shape(shape, rank);
        *tensor = upload(*context, {values, elements(extents)}, extents, runtime::Layout::nchw);
    });
}

mirra_status tensor_download(mirra_context *context, const mirra_tensor *tensor, float *values,
                             std::uint64_t count, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor, values});
        if (count != elements(tensor->tensor->shape())) {
            throw Error(ErrorCode::mismatch, "a plugin's buffer does not have the size of the tensor");
        }
        module.download(*tensor->tensor, {values, count}, runtime::Layout::nchw);
    });
}

mirra_status tensor_from_dlpack(mirra_context *context, const DLTensor *source, mirra_tensor **tensor,
                                mirra_error **error) {
    return guard(error, [&] {
        run_of(context);
        check_arguments({source, tensor});
        const HostTensor copy = from_dlpack(source, "source");
        *tensor = upload(*context, copy.values, copy.shape, runtime::Layout::nchw);
    });
}

mirra_status tensor_to_dlpack(mirra_context *context, const mirra_tensor *tensor,
                              DLManagedTensorVersioned **copy, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor, copy});
        HostTensor out;
        out.shape = tensor->tensor->shape();
        out.values.resize(elements(out.shape));
        module.download(*tensor->tensor, out.values, runtime::Layout::nchw);
        *copy = to_writable_dlpack(std::move(out));
    });
}

mirra_status tensor_full(mirra_context *context, const std::int64_t *shape, std::int32_t rank, double value,
                         mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor});
        *tensor = new_handle(module.full(read_shape(shape, rank), value, context->session->device));
    });
}

mirra_status tensor_binary(mirra_context *context, std::int32_t op, const mirra_tensor *a,
                           const mirra_tensor *b, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({a, b, result});
        if (op < MIRRA_BINARY_ADD || op > MIRRA_BINARY_MAXIMUM) {
            throw Error(ErrorCode::invalid_argument, "unknown MIRRA_BINARY_ operation " + std::to_string(op));
        }
        check_broadcast(a->tensor->shape(), b->tensor->shape());
        *result = new_handle(module.binary(static_cast<runtime::Binary>(op), a->tensor, b->tensor));
    });
}

mirra_status tensor_affine(mirra_context *context, const mirra_tensor *x, double scale, double offset,
                           mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({x, result});
        *result = new_handle(module.affine(x->tensor, scale, offset));
    });
}

mirra_status tensor_clamp(mirra_context *context, const mirra_tensor *x, double low, double high,
                          mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({x, result});
        *result = new_handle(module.clamp(x->tensor, low, high));
    });
}

mirra_status tensor_reduce(mirra_context *context, std::int32_t op, const mirra_tensor *x, double *value,
                           mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({x, value});
        if (op < MIRRA_REDUCE_SUM || op > MIRRA_REDUCE_MAXIMUM) {
            throw Error(ErrorCode::invalid_argument, "unknown MIRRA_REDUCE_ operation " + std::to_string(op));
        }
        *value = module.reduce(static_cast<runtime::Reduction>(op), x->tensor);
    });
}

mirra_status tensor_resample(mirra_context *context, const mirra_tensor *tensor, std::int64_t height,
                             std::int64_t width, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor, result});
        const graph::Shape &from = tensor->tensor->shape();
        if (from.size() != 4)
            throw Error(ErrorCode::mismatch, "a tensor of the shape " + to_text(from) + " is no image");
        const std::array extents{from[0], from[1], height, width};
        const graph::Shape to = read_shape(extents.data(), static_cast<std::int32_t>(extents.size()));
        std::vector<float> values(elements(from));
        module.download(*tensor->tensor, values, runtime::Layout::nchw);
        const auto resample = [&](std::span<float> resampled) {
            resample_planes(values, from[2], from[3], height, width, resampled);
        };
        *result = upload(*context, resample, to, runtime::Layout::nchw);
    });
}

constexpr std::int64_t kLargestEigen = 4096;

/// The shape of a matrix, after it is transposed if so. @throws Error mismatch
graph::Shape matrix_shape(const mirra_tensor &tensor, bool transpose) {
    const graph::Shape &shape = tensor.tensor->shape();
    if (shape.size() != 2)
        throw Error(ErrorCode::mismatch, "a tensor of the shape " + to_text(shape) + " is no matrix");
    return transpose ? graph::Shape{shape[1], shape[0]} : shape;
}

mirra_status tensor_product(mirra_context *context, std::uint32_t flags, const mirra_tensor *a,
                            const mirra_tensor *b, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({a, b, result});
        if ((flags & ~std::uint32_t{MIRRA_PRODUCT_TRANSPOSE_A | MIRRA_PRODUCT_TRANSPOSE_B}) != 0)
            throw Error(ErrorCode::invalid_argument, "unknown MIRRA_PRODUCT_ flags " + std::to_string(flags));
        const bool transpose_a = (flags & MIRRA_PRODUCT_TRANSPOSE_A) != 0,
                   transpose_b = (flags & MIRRA_PRODUCT_TRANSPOSE_B) != 0;
        const graph::Shape left = matrix_shape(*a, transpose_a), right = matrix_shape(*b, transpose_b);
        if (left[1] != right[0])
            throw Error(ErrorCode::mismatch, "matrices of the shapes " + to_text(left) + " and " +
                                                 to_text(right) + " have no product");
        *result = new_handle(module.product(a->tensor, transpose_a, b->tensor, transpose_b));
    });
}

mirra_status tensor_eigen(mirra_context *context, const mirra_tensor *symmetric, mirra_tensor **values,
                          mirra_tensor **vectors, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({symmetric, values, vectors});
        const graph::Shape shape = matrix_shape(*symmetric, false);
        if (shape[0] != shape[1] || shape[0] > kLargestEigen)
            throw Error(ErrorCode::mismatch, "a matrix of the shape " + to_text(shape) +
                                                 " is not square, or larger than " +
                                                 std::to_string(kLargestEigen));
        runtime::Eigen eigen = module.eigen(symmetric->tensor);
        mirra_tensor *first = new_handle(std::move(eigen.values));
        try {
            *vectors = new_handle(std::move(eigen.vectors));
        } catch (...) {
            release_handle(first);
            throw;
        }
        *values = first;
    });
}

} // namespace

graph::Shape read_shape(const std::int64_t *shape, std::int32_t rank) {
    if (rank < 0 || rank > kMostDimensions || (rank > 0 && shape == nullptr)) {
        throw Error(ErrorCode::invalid_argument, "a plugin gave a shape of rank " + std::to_string(rank));
    }
    std::int64_t count = 1;
    for (std::int32_t i = 0; i < rank; ++i) {
        if (shape[i] < 1 || shape[i] > kMostElements / count) {
            throw Error(ErrorCode::invalid_argument, "a plugin gave a shape with an impossible extent");
        }
        count *= shape[i];
    }
    return {shape, shape + rank};
}

runtime::Module &module_of(mirra_context *context) {
    run_of(context);
    return context->session->module();
}

std::string to_text(const graph::Shape &shape) {
    std::string text;
    for (const std::int64_t extent : shape) text += (text.empty() ? "" : ", ") + std::to_string(extent);
    return '{' + text + '}';
}

mirra_tensor *upload(const mirra_context &context, std::span<const float> values, const graph::Shape &shape,
                     runtime::Layout layout) {
    const SessionState &session = *context.session;
    return new_handle(session.module().upload(values, shape, layout, session.device));
}

mirra_tensor *upload(const mirra_context &context, const std::function<void(std::span<float>)> &fill,
                     const graph::Shape &shape, runtime::Layout layout) {
    const SessionState &session = *context.session;
    return new_handle(session.module().upload(fill, shape, layout, session.device));
}

void add_tensor_functions(mirra_host_api &table) noexcept {
    table.tensor_release = tensor_release;
    table.tensor_retain = tensor_retain;
    table.tensor_shape = tensor_shape;
    table.tensor_upload = checked<tensor_upload>;
    table.tensor_download = checked<tensor_download>;
    table.tensor_from_dlpack = checked<tensor_from_dlpack>;
    table.tensor_to_dlpack = checked<tensor_to_dlpack>;
    table.tensor_full = checked<tensor_full>;
    table.tensor_binary = checked<tensor_binary>;
    table.tensor_affine = checked<tensor_affine>;
    table.tensor_clamp = checked<tensor_clamp>;
    table.tensor_reduce = checked<tensor_reduce>;
    table.tensor_resample = checked<tensor_resample>;
    table.tensor_product = checked<tensor_product>;
    table.tensor_eigen = checked<tensor_eigen>;
}

} // namespace mirra::host
