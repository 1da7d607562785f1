// What NVIDIA's driver says of itself and of its GPUs. It is asked by libcuda alone, without LibTorch.
#pragma once

#include "runtime/cuda/kernels.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace mirra::host {

struct CudaGpu {
    std::string name;
    std::uint64_t memory = 0; ///< bytes
    int capability = 0;       ///< 860 for compute capability 8.6
};

/// Whose memory an address is in.
struct MemoryPlace {
    enum class Kind : std::uint8_t {
        processor, ///< or nobody's
        pinned,    ///< the processor's, and known to the driver
        gpu,
        managed ///< the driver moves it to whoever uses it
    };
    Kind kind = Kind::processor;
    int gpu = 0; ///< number of the GPU, where it is one's
};

/// A driver that was loaded, as far as memory is concerned. Thread-safe.
class CudaMemory {
  public:
    virtual ~CudaMemory() = default;
    [[nodiscard]] virtual MemoryPlace place_of(const void *address) const = 0;
    /// Waits for what is on the GPU's default stream, and copies bytes that lie there.
    /// @throws Error device
    virtual void read(void *to, const void *from, std::size_t bytes, int gpu) const = 0;
};
/// Null: there is no driver that can be used.
const CudaMemory *cuda_memory();

struct CudaDriver {
    std::string reason; ///< why no GPU can be used; empty: they are in `gpus`
    int cuda = 0;       ///< the version of CUDA that it knows, 13000 for 13.0
    std::vector<CudaGpu> gpus;
};

/// Loads the driver, which stays loaded, and starts it.
CudaDriver ask_cuda_driver();

/// Why a driver cannot run the kernels; empty: it can.
std::string why_too_old(const CudaDriver &driver, const mirra_cuda_kernels &kernels);
/// Why the kernels have no code for a GPU; empty: they have, or the driver makes it.
std::string why_not_built(const CudaGpu &gpu, const mirra_cuda_kernels &kernels);

} // namespace mirra::host
