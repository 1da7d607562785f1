// The host's functions for plugins on tensors: without a copy, in parts, by values and by axes.
#include "c_error.hpp"
#include "host_table.hpp"

#include <algorithm>
#include <bit>

namespace mirra::host {
namespace {

constexpr std::uint32_t kMostTensors = 4096;

std::size_t read_axis(std::int32_t axis, const graph::Shape &shape) {
    if (axis < 0 || static_cast<std::size_t>(axis) >= shape.size())
        throw Error(ErrorCode::invalid_argument,
                    "a tensor of the shape " + to_text(shape) + " has no axis " + std::to_string(axis));
    return static_cast<std::size_t>(axis);
}

mirra_status tensor_create(mirra_context *context, const std::int64_t *shape, std::int32_t rank,
                           float **values, mirra_tensor **tensor, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({values, tensor});
        runtime::Created made = module.create(read_shape(shape, rank), context->session->device);
        *tensor = new_handle(std::move(made.tensor));
        *values = made.values;
    });
}

mirra_status tensor_map(mirra_context *context, const mirra_tensor *tensor, const float **values,
                        std::int64_t *strides, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor, values});
        const runtime::Mapped mapped = module.map(*tensor->tensor);
        if (!mapped.strides.empty()) check_arguments({strides});
        std::ranges::copy(mapped.strides, strides);
        *values = mapped.values;
    });
}

mirra_status tensor_part(mirra_context *context, const mirra_tensor *tensor, std::int32_t axis,
                         std::int64_t first, std::int64_t count, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({tensor, result});
        const graph::Shape &shape = tensor->tensor->shape();
        const std::size_t along = read_axis(axis, shape);
        if (first < 0 || count < 1 || first > shape[along] || count > shape[along] - first)
            throw Error(ErrorCode::mismatch, "a plugin asked for a part that reaches beyond the tensor");
        *result = new_handle(module.part(tensor->tensor, along, first, count));
    });
}

/// The tensors behind a plugin's array of handles.
std::vector<runtime::TensorPtr> read_tensors(const mirra_tensor *const *tensors, std::uint32_t count) {
    if (count < 1 || count > kMostTensors)
        throw Error(ErrorCode::invalid_argument, "a plugin joins " + std::to_string(count) + " tensors");
    check_arguments({tensors});
    std::vector<runtime::TensorPtr> read;
    for (std::uint32_t i = 0; i < count; ++i) {
        check_arguments({tensors[i]});
        read.push_back(tensor_of(tensors[i]));
    }
    return read;
}

mirra_status tensor_concat(mirra_context *context, const mirra_tensor *const *tensors, std::uint32_t count,
                           std::int32_t axis, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({result});
        const auto parts = read_tensors(tensors, count);
        const graph::Shape first = parts.front()->shape();
        const std::size_t along = read_axis(axis, first);
        graph::Shape whole = first;
        whole[along] = 0;
        for (const runtime::TensorPtr &part : parts) {
            graph::Shape same = part->shape();
            if (same.size() == first.size()) same[along] = first[along];
            if (same != first)
                throw Error(ErrorCode::mismatch, "tensors of the shapes " + to_text(first) + " and " +
                                                     to_text(part->shape()) +
                                                     " do not go one behind the other");
            whole[along] += part->shape()[along];
        }
        read_shape(whole.data(), static_cast<std::int32_t>(whole.size()));
        *result = new_handle(module.concat(parts, along));
    });
}

mirra_status tensor_unary(mirra_context *context, mirra_unary_op op, const mirra_tensor *x,
                          mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({x, result});
        if (op < MIRRA_UNARY_ABS || op > MIRRA_UNARY_RELU)
            throw Error(ErrorCode::invalid_argument, "unknown MIRRA_UNARY_ operation " + std::to_string(op));
        *result = new_handle(module.unary(static_cast<runtime::Unary>(op), x->tensor));
    });
}

mirra_status tensor_reduce_axes(mirra_context *context, mirra_reduce_op op, const mirra_tensor *x,
                                std::uint32_t axes, mirra_tensor **result, mirra_error **error) {
    return guard(error, [&] {
        auto &module = module_of(context);
        check_arguments({x, result});
        if (op < MIRRA_REDUCE_SUM || op > MIRRA_REDUCE_MAXIMUM)
            throw Error(ErrorCode::invalid_argument, "unknown MIRRA_REDUCE_ operation " + std::to_string(op));
        const graph::Shape &shape = x->tensor->shape();
        if (axes == 0 || static_cast<std::size_t>(std::bit_width(axes)) > shape.size())
            throw Error(ErrorCode::invalid_argument, "a tensor of the shape " + to_text(shape) +
                                                         " has not the axes " + std::to_string(axes));
        *result = new_handle(module.reduce_axes(static_cast<runtime::Reduction>(op), x->tensor, axes));
    });
}

} // namespace

void add_tensor_part_functions(mirra_host_api &table) noexcept {
    table.tensor_create = checked<tensor_create>;
    table.tensor_map = checked<tensor_map>;
    table.tensor_part = checked<tensor_part>;
    table.tensor_concat = checked<tensor_concat>;
    table.tensor_unary = checked<tensor_unary>;
    table.tensor_reduce_axes = checked<tensor_reduce_axes>;
}

} // namespace mirra::host
