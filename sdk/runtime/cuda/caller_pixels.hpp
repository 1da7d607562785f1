// A caller's pixels in a device's memory: used where they lie, in order with what is on the caller's streams.
#pragma once

#include "runtime/cuda/sample_lines.hpp"
#include "runtime/cuda/tile_transfer.hpp"

namespace mirra::cuda {

/// Of one thread. All that is done with the pixels comes after what the caller's streams had, and has ended
/// when this is gone: the memory is the caller's again.
class CallerPixels {
  public:
    /// @param device  must outlive it
    /// @param ready   what the caller's streams had when the run was asked for
    CallerPixels(CopyDevice &device, std::vector<FencePtr> ready);
    CallerPixels(const CallerPixels &) = delete;
    CallerPixels &operator=(const CallerPixels &) = delete;
    ~CallerPixels();

    /// Puts a kernel that reads or writes the pixels on the stream of kernels.
    void launch(const std::function<void()> &kernel);
    /// Waits for what was launched.
    void finish();

    /// Copies the samples of a picture into one of the processor's, of its size, channels and type.
    void read(const mirra_cuda_image &there, const mirra_cuda_image &here);
    /// Copies them back. Bytes between them stay as they are.
    void write(const mirra_cuda_image &here, const mirra_cuda_image &there);

  private:
    void wait_for_caller(Stream stream);
    /// Before copies: they come after the caller's work, and after kernels that were launched.
    void begin_copies();
    void finish_copies();
    [[nodiscard]] std::byte *pinned(std::size_t bytes);
    void fetch(const SampleLines &lines, std::byte *memory);

    CopyDevice &device_;
    const std::vector<FencePtr> ready_;
    bool waited_[2] = {false, false}; ///< of each stream
    FencePtr launched_;               ///< the last kernel; null: it was waited for
    Memory pinned_;
    std::size_t pinned_bytes_ = 0;
};

} // namespace mirra::cuda
