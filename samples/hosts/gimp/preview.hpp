// A preview of a part of the drawable. Without its check mark it shows the picture as it was.
#pragma once

#include "drawable.hpp"
#include "work.hpp"

#include <libgimp/gimpui.h>

#include <functional>
#include <memory>

namespace mirra_gimp {

/// Lives at least as long as its widget. It keeps the networks in memory from one picture to the next.
class Preview {
  public:
    /// values: asks the dialog
    Preview(const mirra_filters::Filter &filter, Drawable drawable,
            std::function<mirra_filters::Values()> values);
    ~Preview();
    Preview(const Preview &) = delete;
    Preview &operator=(const Preview &) = delete;

    [[nodiscard]] GtkWidget *widget() const noexcept { return box_; }
    /// To be called when a value has changed.
    void renew();

  private:
    void begin();
    bool look(); // at the work; false once it is done
    void show(GeglBuffer *made);
    void say(const std::string &message);

    const mirra_filters::Filter &filter_;
    std::function<mirra_filters::Values()> values_;
    Buffer pixels_;
    GtkWidget *box_, *preview_, *message_;
    GeglRectangle region_{};
    std::unique_ptr<Work> work_;
    guint timer_ = 0;
};

} // namespace mirra_gimp
