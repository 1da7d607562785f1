// Drawing, by Cairo and Pango: pictures in cells, and captions in any script.
#pragma once

#include <mirra/mirra.hpp>

#include <cairo.h>

#include <memory>
#include <string>
#include <vector>

namespace sheet {

struct SurfaceCloser {
    void operator()(cairo_surface_t *surface) const { cairo_surface_destroy(surface); }
};
using Surface = std::unique_ptr<cairo_surface_t, SurfaceCloser>;

/// A picture of about that many pixels at most on its longer side, in 8 bits on the sRGB curve. Far larger
/// ones are reduced.
Surface reduced(mirra::api::Picture &picture, int longest);

/// One sheet. A cell holds one picture or several beside each other, and a line of text below.
class Canvas {
  public:
    Canvas(int columns, int rows, int cell, int pictures_in_cell);

    [[nodiscard]] bool full() const { return used_ == columns_ * rows_; }
    [[nodiscard]] bool empty() const { return used_ == 0; }
    void add(const std::vector<Surface> &pictures, const std::string &caption);
    /// Writes the rows that are used, and begins anew. @throws mirra::api::Error
    void write(const std::string &path);

  private:
    [[nodiscard]] int cell_width() const { return pictures_in_cell_ * (cell_ + kGap) - kGap; }
    [[nodiscard]] int cell_height() const { return cell_ + kCaption; }
    void clear();

    static constexpr int kGap = 4, kMargin = 16, kCaption = 24; // in pixels

    int columns_, rows_, cell_, pictures_in_cell_, used_ = 0;
    Surface surface_;
};

} // namespace sheet
