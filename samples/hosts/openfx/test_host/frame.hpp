// A picture as a host of OpenFX may have it.
#pragma once

#include <mirra/mirra.h>

#include <ofxCore.h>

#include <string>
#include <vector>

namespace test_host {

/// How pictures lie in memory.
struct Layout {
    std::string depth, components; ///< kOfxBitDepth..., kOfxImageComponent...
    int padding = 0;               ///< bytes behind each row, which nobody may write
    bool downwards = false;        ///< the highest row lies first, so that the bytes of a row are negative
};

struct Frame {
    OfxRectI bounds{};
    Layout layout;
    std::vector<unsigned char> data;

    Frame() = default;
    Frame(const OfxRectI &rect, const Layout &of_layout);

    int channels() const;
    int pixel_bytes() const;
    int width() const { return bounds.x2 - bounds.x1; }
    int height() const { return bounds.y2 - bounds.y1; }
    /// From a row to the one above it.
    int row_bytes() const { return layout.downwards ? -row_length() : row_length(); }
    unsigned char *at(int x, int y);
    const unsigned char *at(int x, int y) const { return const_cast<Frame *>(this)->at(x, y); }
    /// A part of it, in memory of its own, so that a read beyond it is one beyond its memory.
    Frame part(const OfxRectI &rect) const;
    double get(int x, int y, int channel) const;
    void put(int x, int y, int channel, double value);
    void premultiply(bool back);
    bool padding_is_untouched() const;

  private:
    int row_length() const { return width() * pixel_bytes() + layout.padding; }
};

/// Its lower left pixel is at the origin. @throws std::runtime_error
Frame read_frame(const std::string &path, const Layout &layout, const OfxPointI &origin);
void write_frame(const std::string &path, const Frame &frame);

} // namespace test_host
