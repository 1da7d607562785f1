// A caller's pixels in a device's memory.
#include "runtime/cuda/caller_pixels.hpp"

#include "runtime/cuda/packed_samples.hpp"

#include <utility>

namespace mirra::cuda {
namespace {

/// The channels of a picture that some lines have.
mirra_cuda_image same_channels(const mirra_cuda_image &image, const SampleLines &lines) {
    mirra_cuda_image out = image;
    out.channels = lines.channels.channels;
    for (std::int32_t c = 0; c < out.channels; ++c) out.data[c] = image.data[lines.first_channel + c];
    return out;
}

} // namespace

CallerPixels::CallerPixels(CopyDevice &device, std::vector<FencePtr> ready)
    : device_(device)
    , ready_(std::move(ready)) {}

CallerPixels::~CallerPixels() {
    try {
        finish();
    } catch (...) { // a device that failed does nothing any more
        launched_ = nullptr;
    }
}

void CallerPixels::wait_for_caller(Stream stream) {
    if (std::exchange(waited_[stream == Stream::kernels ? 0 : 1], true)) return;
    for (const FencePtr &fence : ready_) device_.wait(stream, fence);
}

void CallerPixels::launch(const std::function<void()> &kernel) {
    wait_for_caller(Stream::kernels);
    kernel();
    launched_ = device_.mark(Stream::kernels);
}

void CallerPixels::finish() {
    if (launched_ == nullptr) return;
    device_.finish(launched_);
    launched_ = nullptr;
}

void CallerPixels::begin_copies() {
    wait_for_caller(Stream::copies);
    if (launched_ != nullptr) device_.wait(Stream::copies, launched_);
}

void CallerPixels::finish_copies() {
    device_.finish(device_.mark(Stream::copies));
}

std::byte *CallerPixels::pinned(std::size_t bytes) {
    if (bytes > pinned_bytes_) {
        pinned_bytes_ = 0;
        pinned_ = nullptr;
        pinned_ = device_.allocate(Place::pinned, bytes);
        pinned_bytes_ = bytes;
    }
    return static_cast<std::byte *>(pinned_.get());
}

void CallerPixels::fetch(const SampleLines &lines, std::byte *memory) {
    lines.for_each([&](std::size_t offset, const std::byte *from, std::size_t bytes) {
        device_.to_processor(memory + offset, from, bytes);
    });
    finish_copies();
}

void CallerPixels::read(const mirra_cuda_image &there, const mirra_cuda_image &here) {
    begin_copies();
    for (const SampleLines &lines : lines_of(there)) {
        std::byte *const memory = pinned(lines.all_bytes());
        fetch(lines, memory);
        copy_samples(lines.packed(memory), same_channels(here, lines));
    }
}

void CallerPixels::write(const mirra_cuda_image &here, const mirra_cuda_image &there) {
    begin_copies();
    for (const SampleLines &lines : lines_of(there)) {
        std::byte *const memory = pinned(lines.all_bytes());
        if (lines.gaps) fetch(lines, memory);
        copy_samples(same_channels(here, lines), lines.packed(memory));
        lines.for_each([&](std::size_t offset, std::byte *to, std::size_t bytes) {
            device_.to_device(to, memory + offset, bytes);
        });
        finish_copies(); // before the next lines: they may have bytes of these between their samples
    }
}

} // namespace mirra::cuda
