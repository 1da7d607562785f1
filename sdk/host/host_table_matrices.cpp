// The host's functions for plugins on matrices.
#include "c_error.hpp"
#include "host_table.hpp"

namespace mirra::host {
namespace {

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

void add_matrix_functions(mirra_host_api &table) noexcept {
    table.tensor_product = checked<tensor_product>;
    table.tensor_eigen = checked<tensor_eigen>;
}

} // namespace mirra::host
