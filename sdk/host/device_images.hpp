// Images of a run that lie in a GPU's memory: where they may lie, and how the processor comes at them.
#pragma once

#include "device_pixels.hpp"

namespace mirra::host {

class LocalEngine;

/// As Session::find_places(), of a session on these devices.
void find_places(LocalEngine &engine, const std::vector<std::string> &devices, RunRequest &request);

/// The GPU on which the images are that lie on one; empty: none does.
[[nodiscard]] std::string gpu_of(const RunRequest &request);
/// What the streams of a run's images had when it was asked for.
[[nodiscard]] runtime::Ready ready_of(const RunRequest &request);

/// A run's images on its GPU. The processor sees none of that memory: what it reads is copied, piece by piece
/// or once, and what it makes is copied there.
class DeviceImages {
  public:
    /// Copies what is wanted whole: all inputs but a first one without alpha that the run neither reduces nor
    /// writes over.
    /// @param pixels  of the session's device; not empty where the request has images on a GPU
    /// @param task, request  must outlive it; check_ports() has seen them
    DeviceImages(const DevicePixels &pixels, const TaskInfo &task, const RunRequest &request);
    DeviceImages(const DeviceImages &) = delete;
    DeviceImages &operator=(const DeviceImages &) = delete;
    ~DeviceImages();

    [[nodiscard]] bool has(const std::string &port) const { return request_.places.contains(port); }
    /// Whether an output shares its memory.
    [[nodiscard]] bool is_written_over(const std::string &port) const;
    /// The image of an input where the processor can read it, and as it was when the run began.
    [[nodiscard]] image::ConstImageView readable(const std::string &port) const;
    /// The first input, to be read piece by piece; null: readable() has it.
    [[nodiscard]] const Pieces *pieces() const { return pieces_ ? &*pieces_ : nullptr; }
    /// Of an output on the GPU. @param there  in the GPU's memory
    void write(const image::ConstImageView &here, const image::ImageView &there) const;
    /// Where an image lies on the GPU; null: it does not.
    [[nodiscard]] const Place *place(const std::string &port) const;

  private:
    void read(const image::ConstImageView &there, const image::ImageView &here) const;
    void add_input(const std::string &port, const image::ImageView &view, bool first);

    const TaskInfo &task_;
    const RunRequest &request_;
    std::unique_ptr<runtime::PictureCopies> copies_; ///< null: no image lies on a GPU
    std::map<std::string, image::Image> copied_;
    std::optional<Pieces> pieces_;
};

} // namespace mirra::host
