// Loads the module of the kernels for GPUs.
#include "cuda_kernels.hpp"

#include "mirra/environment.hpp"
#include "mirra/error.hpp"
#include "paths.hpp"
#include "runtime/cuda/kernels.h"
#include "shared_library.hpp"

namespace mirra::host {
namespace {

const mirra_cuda_kernels *load(const std::filesystem::path &file) {
    auto &library = load_forever(file);
    if (!library.has(MIRRA_CUDA_KERNELS_SYMBOL))
        throw Error(ErrorCode::device,
                    "it is no module of this version: " MIRRA_CUDA_KERNELS_SYMBOL " is missing");
    const mirra_cuda_kernels *table = library.get<const mirra_cuda_kernels *()>(MIRRA_CUDA_KERNELS_SYMBOL)();
    if (table == nullptr || table->struct_size != sizeof(mirra_cuda_kernels))
        throw Error(ErrorCode::device, "it is no module of this version: its table has another size");
    return table;
}

} // namespace

CudaKernels load_cuda_kernels() {
    const std::string named = environment("MIRRA_CUDA_KERNELS");
    std::filesystem::path file = named;
    std::error_code ignored;
    if (named.empty()) {
        const std::filesystem::path beside = library_folder();
        file = beside / "mirra" / "libmirra_cuda_kernels.so";
        if (beside.empty() || !std::filesystem::exists(file, ignored)) return {};
    }
    try {
        return {load(file), {}};
    } catch (const Error &error) {
        return {nullptr,
                "the module of Mirra's kernels, " + file.string() + ", cannot be used: " + error.what()};
    }
}

} // namespace mirra::host
