#include "drawable.hpp"

#include "work.hpp"

#include <string>

namespace mirra_gimp {
namespace {

constexpr const char *prefix = "plug-in-mirra-";

bool selected(Drawable drawable, GeglRectangle &region) {
    return gimp_drawable_mask_intersect(drawable, &region.x, &region.y, &region.width, &region.height) != 0;
}

} // namespace

mirra_filters::Filters &filters() {
    static mirra_filters::Filters made;
    return made;
}

std::string procedure_name(const mirra_filters::Filter &filter) {
    return prefix + filter.name;
}

const mirra_filters::Filter *filter_of_procedure(const std::string &procedure) {
    if (procedure.rfind(prefix, 0) != 0) return nullptr;
    return filters().find(procedure.substr(std::string(prefix).size()));
}

void apply(const mirra_filters::Filter &filter, const mirra_filters::Values &values, Drawable drawable) {
    GeglRectangle region{};
    if (!selected(drawable, region)) return; // the selection lies beside the layer
    gimp_progress_init(filter.label.c_str());
    const Buffer pixels(gimp_drawable_get_buffer(drawable));
    Work work(filters(), filter, values, pixels.get(), region);
    while (!work.wait(std::chrono::milliseconds(100))) gimp_progress_update(work.fraction());
    const Buffer shadow(gimp_drawable_get_shadow_buffer(drawable));
    gegl_buffer_copy(work.made(), &region, GEGL_ABYSS_NONE, shadow.get(), &region);
    gegl_buffer_flush(shadow.get());
    gimp_drawable_merge_shadow(drawable, TRUE);
    gimp_drawable_update(drawable, region.x, region.y, region.width, region.height);
    gimp_progress_end();
}

} // namespace mirra_gimp
