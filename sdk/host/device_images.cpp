// Images of a run that lie in a GPU's memory.
#include "device_images.hpp"

#include "cuda_driver.hpp"
#include "local_engine.hpp"
#include "mirra/cpu_device.hpp"
#include "mirra/error.hpp"
#include "names.hpp"
#include "ports.hpp"
#include "runtime/cuda/described_image.hpp"
#include "runtime/cuda/gpu_runtime.hpp"

#include <algorithm>

namespace mirra::host {
namespace {

using cuda::described;

/// The first and the last byte of each channel.
std::vector<const void *> ends_of(const image::ConstImageView &view) {
    std::vector<const void *> ends;
    for (std::size_t c = 0; c < static_cast<std::size_t>(view.channels); ++c) {
        image::ConstImageView one = view;
        one.data[0] = view.data[c];
        one.channels = 1;
        const MemorySpan span = memory_of(one);
        for (const std::uintptr_t address : {span.begin, span.end - 1})
            ends.push_back(reinterpret_cast<const void *>(address)); // NOLINT(performance-no-int-to-ptr)
    }
    return ends;
}

/// What the driver says against an image on a GPU. @throws Error invalid_argument
void check_memory(const std::string &port, const image::ConstImageView &view, const std::string &device) {
    const CudaMemory *memory = cuda_memory();
    if (memory == nullptr) return;
    using Kind = MemoryPlace::Kind;
    for (const void *address : ends_of(view)) {
        const MemoryPlace place = memory->place_of(address);
        const std::string there = "cuda:" + std::to_string(place.gpu);
        if (place.kind == Kind::managed || (place.kind == Kind::gpu && there == device)) continue;
        const std::string where = place.kind == Kind::gpu ? "in that of " + there : "in the processor's";
        throw Error(ErrorCode::invalid_argument,
                    port + ": its pixels are not in the memory of " + device + ", but " + where, port,
                    place.kind == Kind::gpu ? "State that device, or copy the pixels."
                                            : "Leave device NULL for pixels in the processor's memory.");
    }
}

/// A program that forgets to state the device would end here. @throws Error invalid_argument
void check_processors(const RunRequest &request) {
    const CudaMemory *memory = cuda_memory();
    if (memory == nullptr) return;
    for (const auto &[port, view] : request.images) {
        const MemoryPlace place = memory->place_of(view.data[0]);
        if (request.places.contains(port) || place.kind != MemoryPlace::Kind::gpu) continue;
        const std::string device = "cuda:" + std::to_string(place.gpu);
        throw Error(ErrorCode::invalid_argument, port + ": its pixels are in the memory of " + device, port,
                    "State that in mirra_image.device, or copy the pixels into the processor's memory.");
    }
}

void check_alignment(const std::string &port, const image::ConstImageView &view) {
    const auto size = image::sample_bytes(view.sample);
    const auto whole = [size](std::uintptr_t bytes) { return bytes % size == 0; };
    bool good = whole(static_cast<std::uintptr_t>(std::abs(view.x_stride))) &&
                whole(static_cast<std::uintptr_t>(std::abs(view.y_stride)));
    for (std::size_t c = 0; c < static_cast<std::size_t>(view.channels); ++c)
        good = good && whole(reinterpret_cast<std::uintptr_t>(view.data[c]));
    if (!good)
        throw Error(ErrorCode::unsupported,
                    port + ": samples on a GPU must lie at multiples of their size, " + std::to_string(size) +
                        " bytes",
                    port, "Use other strides, or copy the pixels into the processor's memory.");
}

/// That an image lies on a GPU of the session's. @throws Error mismatch
void check_device(const std::vector<std::string> &devices, const std::string &port, const Place &place) {
    if (std::ranges::find(devices, place.device) != devices.end()) return;
    throw Error(
        ErrorCode::mismatch,
        port + ": its pixels are in the memory of " + place.device + ", and the session computes on " +
            joined(devices),
        port,
        "Make the session on that device, or copy the pixels to where it computes: that takes time, so "
        "Mirra does not do it by itself.");
}

/// @throws Error mismatch
void check_one_gpu(const RunRequest &request) {
    const auto &[first, where] = *request.places.begin();
    for (const auto &[port, place] : request.places)
        if (place.device != where.device)
            throw Error(ErrorCode::mismatch,
                        port + ": its pixels are in the memory of " + place.device + ", those of '" + first +
                            "' in that of " + where.device,
                        port, "A run has one GPU: copy the pixels to it.");
}

/// One fence for each stream.
void mark_streams(const DevicePixels &pixels, RunRequest &request) {
    std::map<void *, std::shared_ptr<const cuda::Fence>> marked;
    for (auto &[port, place] : request.places) {
        auto &fence = marked[place.stream];
        if (fence == nullptr) fence = pixels.gpu->mark(*pixels.kernels, place.device, place.stream);
        place.ready = fence;
    }
}

image::ImageView without_pixels(image::ImageView view) {
    view.data = {};
    view.x_stride = view.y_stride = 0;
    return view;
}

image::ConstImageView part_of(const image::ConstImageView &view, const runtime::Rect &rect) {
    return image::cropped(view, rect.x, rect.y, static_cast<std::int32_t>(rect.width),
                          static_cast<std::int32_t>(rect.height));
}

} // namespace

void find_places(LocalEngine &engine, const std::vector<std::string> &devices, RunRequest &request) {
    const bool on_gpus = devices.front() != runtime::cpu_device().id;
    if (on_gpus) check_processors(request);
    if (request.places.empty()) return;
    for (const auto &[port, place] : request.places) check_device(devices, port, place);
    check_one_gpu(request);
    const std::string device = gpu_of(request);
    const DevicePixels pixels = engine.device_pixels(device);
    if (pixels.empty())
        throw Error(
            ErrorCode::unsupported,
            "pixels on a GPU need Mirra's kernels for GPUs, and libmirra_cuda_kernels.so is not there",
            request.places.begin()->first,
            "Build it (scripts/setup --cuda), or copy the pixels into the processor's memory.");
    for (const auto &[port, place] : request.places) {
        image::validate(request.images.at(port), port);
        check_alignment(port, request.images.at(port));
        check_memory(port, request.images.at(port), device);
    }
    mark_streams(pixels, request);
}

std::string gpu_of(const RunRequest &request) {
    return request.places.empty() ? std::string() : request.places.begin()->second.device;
}

runtime::Ready ready_of(const RunRequest &request) {
    runtime::Ready ready;
    for (const auto &[port, place] : request.places)
        if (std::ranges::find(ready, place.ready) == ready.end()) ready.push_back(place.ready);
    return ready;
}

DeviceImages::DeviceImages(const DevicePixels &pixels, const TaskInfo &task, const RunRequest &request)
    : task_(task)
    , request_(request) {
    if (request.places.empty()) return;
    copies_ = pixels.gpu->make_picture_copies(*pixels.kernels, gpu_of(request), ready_of(request));
    const mirra_port_info *const first = main_input(task);
    for (const auto &[port, place] : request.places) {
        const mirra_port_info *const known = task.port(port);
        if (known == nullptr || is_output(*known)) continue;
        add_input(port, request.images.at(port), known == first);
    }
}

DeviceImages::~DeviceImages() = default;

bool DeviceImages::is_written_over(const std::string &input) const {
    const image::ConstImageView view = request_.images.at(input);
    return std::ranges::any_of(request_.images, [&](const auto &other) {
        const mirra_port_info *const port = task_.port(other.first);
        return port != nullptr && is_output(*port) && overlap(view, other.second);
    });
}

void DeviceImages::add_input(const std::string &port, const image::ImageView &view, bool first) {
    if (first && !view.has_alpha() && request_.scale == 1 && !is_written_over(port)) {
        pieces_.emplace(without_pixels(view), [this, view](const runtime::Rect &rect, const auto &pixels) {
            read(part_of(view, rect), pixels);
        });
        return;
    }
    image::Image copy(view.width, view.height, view.channels, view.sample);
    read(view, copy.view());
    copied_.emplace(port, std::move(copy));
}

void DeviceImages::read(const image::ConstImageView &there, const image::ImageView &here) const {
    copies_->read(described(there), described(here));
}

void DeviceImages::write(const image::ConstImageView &here, const image::ImageView &there) const {
    copies_->write(described(here), described(there));
}

image::ConstImageView DeviceImages::readable(const std::string &port) const {
    const image::ConstImageView given = request_.images.at(port);
    const auto found = copied_.find(port);
    if (found == copied_.end()) return given;
    image::ConstImageView view = found->second.view();
    view.alpha = given.alpha;
    view.transfer = given.transfer;
    return view;
}

const Place *DeviceImages::place(const std::string &port) const {
    const auto found = request_.places.find(port);
    return found == request_.places.end() ? nullptr : &found->second;
}

} // namespace mirra::host
