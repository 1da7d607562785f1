// Images of JavaScript: typed arrays whose memory stays in place for as long as the library needs it.
#pragma once

#include "environment.h"

#include <memory>
#include <vector>

namespace mirra_node {

/// Holds the memory of an ArrayBuffer, also where JavaScript transfers or drops it. Empty where this runtime
/// offers no way to do so.
std::shared_ptr<void> pin(napi_value array_buffer);
/// For tests of the other way: copies.
void set_pinning(bool on);

/// An image of JavaScript, in place for the library.
class HeldImage {
  public:
    enum class Use { read, write, describe };

    /// `value`: { views, numbers, icc }, as src/image.ts makes it. With Use::describe there are no views.
    /// what: the port, for errors. @throws Failure
    HeldImage(Js &js, napi_value value, const char *what, Use use);
    HeldImage(const HeldImage &) = delete;
    HeldImage &operator=(const HeldImage &) = delete;

    [[nodiscard]] const mirra_image *get() const { return &image_; }
    /// Where the pixels could not be held in place, copies what was written to where they are now.
    void give_back(Js &js);

  private:
    void copy(Js &js, napi_value value, Use use);

    mirra_image image_;
    std::vector<std::uint8_t> icc_, copied_;
    std::vector<std::shared_ptr<void>> pins_;
    Reference original_;
};

/// Copies the pixels of an image to one of the same size, format and channels.
void copy_pixels(const mirra_image &from, const mirra_image &to);
std::size_t sample_size(mirra_format format);
/// The type of array that samples of a format are given in.
napi_typedarray_type array_type(mirra_format format);
/// How many elements such an array of all samples of an image has.
std::size_t array_length(const mirra_image &image);
/// Describes an interleaved image as JavaScript sees it. data: an array over its memory, from the lowest byte
/// on.
napi_value to_image(Js &js, const mirra_image &image, napi_value data);

} // namespace mirra_node
