// Where the output of a task lies in its input, and where its pixels go.
#pragma once

#include "device_images.hpp"
#include "setup.hpp"

namespace mirra::host {

/// The sizes of a run's image and of its output, and how pixels of one stand for those of the other.
struct Geometry {
    std::int64_t width = 0, height = 0;               ///< of the image
    std::int64_t output_width = 0, output_height = 0; ///< of the output
    std::int64_t numerator = 1, denominator = 1;      ///< by which the output is larger
    bool own_size = false;                            ///< the output has a size of its own

    /// @throws Error limit
    Geometry(const Setup &setup, std::int64_t width, std::int64_t height);

    [[nodiscard]] bool same_size() const { return !own_size && numerator == denominator; }
    [[nodiscard]] runtime::Rect whole() const { return {0, 0, output_width, output_height}; }
    /// What a rectangle of the image gives: the whole output, where that has a size of its own.
    /// @param rect  its corners lie at multiples of the denominator, or at an edge of the image
    [[nodiscard]] runtime::Rect output_of(const runtime::Rect &rect) const;
    /// The pixels of the image that a rectangle of the output stands for.
    [[nodiscard]] runtime::Rect input_of(const runtime::Rect &rect) const;
};

/// To the right and down.
[[nodiscard]] inline runtime::Rect moved(runtime::Rect rect, std::int64_t by) {
    rect.x += by;
    rect.y += by;
    return rect;
}
/// What both have; may be empty.
runtime::Rect common(const runtime::Rect &a, const runtime::Rect &b);
[[nodiscard]] inline bool is_empty(const runtime::Rect &rect) {
    return rect.width < 1 || rect.height < 1;
}

/// An image output of a run: memory of the caller's, of the processor or the run's GPU, or pieces that he
/// takes.
class OutputImage {
  public:
    /// @param region  of the output, which the image shows
    OutputImage(const image::ImageView &view, const runtime::Rect &region) : view_(view), region_(region) {}
    /// @param place   of the view's memory, on the GPU
    /// @param images  must outlive it, as must the place
    OutputImage(const image::ImageView &view, const runtime::Rect &region, const Place &place,
                const DeviceImages &images)
        : view_(view)
        , region_(region)
        , place_(&place)
        , images_(&images) {}
    OutputImage(const Pieces &sink, const runtime::Rect &region)
        : view_(sink.description)
        , region_(region)
        , sink_(&sink) {}

    [[nodiscard]] const runtime::Rect &region() const { return region_; }
    /// Its pixels are nowhere where they go to a sink.
    [[nodiscard]] const image::ImageView &description() const { return view_; }
    [[nodiscard]] bool is_sink() const { return sink_ != nullptr; }
    /// Null: its pixels are in the processor's memory, or nowhere.
    [[nodiscard]] const Place *place() const { return place_; }
    /// The processor's pixels do not go into the image itself.
    [[nodiscard]] bool is_staged() const { return sink_ != nullptr || place_ != nullptr; }
    /// Of a rectangle of the output, the pixels in the image, which is no sink.
    [[nodiscard]] image::ImageView piece(const runtime::Rect &rect) const;
    /// Samples are taken for those of `transfer`.
    void set_transfer(image::Transfer transfer) { view_.transfer = transfer; }

    using Fill = std::function<void(const image::ImageView &piece)>;
    /// Has `fill` write the pixels of a rectangle of the output, within the region.
    /// @param told  called with them when they are final; may be empty
    void write(const runtime::Rect &rect, const Fill &fill, const Fill &told) const;

  private:
    image::ImageView view_;
    runtime::Rect region_;
    const Pieces *sink_ = nullptr;
    const Place *place_ = nullptr;
    const DeviceImages *images_ = nullptr;
};

} // namespace mirra::host
