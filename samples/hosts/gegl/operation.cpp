#include "operation.hpp"

#include "buffers.hpp"
#include "properties.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>

namespace mirra_gegl {
namespace {

using mirra_filters::Filter;
using mirra_filters::Lease;
using mirra_filters::Setting;
using mirra_filters::Values;

// Regions are made in blocks of this size: a smaller one would be mostly overlap, and a larger one would keep
// whoever looks at the picture waiting.
constexpr int block = 1024;

// Values, and what is known of the output with them.
class State {
  public:
    [[nodiscard]] Values values() const {
        const std::lock_guard<std::mutex> hold(lock_);
        return values_;
    }
    [[nodiscard]] std::string value(const Setting &setting) const {
        const std::lock_guard<std::mutex> hold(lock_);
        const auto found = values_.find(setting.name);
        return found == values_.end() ? setting.initial : found->second;
    }
    void set(const Setting &setting, std::string value) {
        const std::lock_guard<std::mutex> hold(lock_);
        values_[setting.name] = std::move(value);
        output_.reset();
    }
    // The output for an input of `extent`; nothing if it has not been asked for yet.
    [[nodiscard]] std::optional<GeglRectangle> output(const GeglRectangle &extent) const {
        const std::lock_guard<std::mutex> hold(lock_);
        return gegl_rectangle_equal(&extent, &input_) != 0 ? output_ : std::nullopt;
    }
    void set_output(const GeglRectangle &extent, const GeglRectangle &output) {
        const std::lock_guard<std::mutex> hold(lock_);
        input_ = extent;
        output_ = output;
    }
    // False if the same was said before.
    bool is_news(const std::string &message) {
        const std::lock_guard<std::mutex> hold(lock_);
        return std::exchange(said_, message) != message;
    }

  private:
    mutable std::mutex lock_;
    Values values_;
    GeglRectangle input_{};
    std::optional<GeglRectangle> output_;
    std::string said_;
};

struct Operation {
    GeglOperationFilter parent;
    State state;
};

struct Class {
    GeglOperationFilterClass parent;
    GeglOperationFilterClass *above;
    const Kind *kind;
};

template<class Instance> State &state_of(Instance *instance) {
    return reinterpret_cast<Operation *>(instance)->state;
}

template<class Instance> const Class &class_of(Instance *instance) {
    return *reinterpret_cast<const Class *>(reinterpret_cast<const GTypeInstance *>(instance)->g_class);
}

template<class Instance> const Kind &kind_of(Instance *instance) {
    return *class_of(instance).kind;
}

Lease lease_of(GeglOperation *operation) {
    const Kind &kind = kind_of(operation);
    return kind.filters.lease(kind.filter, state_of(operation).values());
}

// GEGL has no errors: what failed is said, once, and the picture goes on as it is.
void warn(GeglOperation *operation, const std::exception &error) {
    const std::string message = mirra_filters::message_of(error);
    if (state_of(operation).is_news(message))
        g_warning("mirra:%s passes the picture on unchanged: %s", kind_of(operation).filter.name.c_str(),
                  message.c_str());
}

GeglRectangle input_extent(GeglOperation *operation) {
    const GeglRectangle *const extent = gegl_operation_source_get_bounding_box(operation, "input");
    return extent == nullptr ? GeglRectangle{} : *extent;
}

bool has_pixels(const GeglRectangle &extent) {
    return gegl_rectangle_is_empty(&extent) == 0 && gegl_rectangle_is_infinite_plane(&extent) == 0;
}

// ---- What GObject calls

void set_property(GObject *object, guint number, const GValue *value, GParamSpec * /*spec*/) {
    const Setting &setting = kind_of(object).filter.settings.at(number - 1);
    state_of(object).set(setting, text_of(setting, *value));
}

void get_property(GObject *object, guint number, GValue *value, GParamSpec * /*spec*/) {
    const Setting &setting = kind_of(object).filter.settings.at(number - 1);
    set_value(*value, setting, state_of(object).value(setting));
}

void begin(GTypeInstance *instance, gpointer /*klass*/) {
    new (&state_of(instance)) State;
}

void end(GObject *object) {
    auto *const above = G_OBJECT_CLASS(class_of(object).above);
    state_of(object).~State();
    above->finalize(object);
}

// ---- What GEGL calls

void prepare(GeglOperation *operation) {
    const Babl *const format = gegl_operation_get_source_format(operation, "input");
    const Filter &filter = kind_of(operation).filter;
    const Babl *const fallback = babl_format("R'G'B'A float");
    const Babl *const given = format == nullptr ? fallback : format;
    gegl_operation_set_format(operation, "input", layout_of(given, false).format);
    gegl_operation_set_format(operation, "output", layout_of(given, filter.colored_output).format);
}

// Of a task that keeps the size, and where that cannot be known, the input's.
GeglRectangle bounding_box(GeglOperation *operation) {
    const GeglRectangle extent = input_extent(operation);
    if (!has_pixels(extent)) return extent;
    State &state = state_of(operation);
    if (const auto known = state.output(extent)) return *known;
    try {
        state.set_output(extent, output_extent(lease_of(operation), extent));
    } catch (const std::exception &error) {
        warn(operation, error);
        state.set_output(extent, extent);
    }
    return *state.output(extent);
}

GeglRectangle required_for_output(GeglOperation *operation, const gchar * /*pad*/, const GeglRectangle *roi) {
    const GeglRectangle extent = input_extent(operation);
    const GeglRectangle output = bounding_box(operation);
    GeglRectangle region{};
    if (!has_pixels(extent) || gegl_rectangle_intersect(&region, roi, &output) == 0) return *roi;
    try {
        return required(lease_of(operation), extent, region);
    } catch (const std::exception &) {
        return *roi; // what fails says so when it is run
    }
}

// A change may be felt as far around it as it is itself felt from there; where sizes differ, everywhere.
GeglRectangle invalidated_by_change(GeglOperation *operation, const gchar *pad, const GeglRectangle *roi) {
    const GeglRectangle extent = input_extent(operation);
    const GeglRectangle output = bounding_box(operation);
    if (gegl_rectangle_equal(&extent, &output) == 0) return output;
    return required_for_output(operation, pad, roi);
}

// The blocks that a region touches.
GeglRectangle in_blocks(const GeglRectangle &region, const GeglRectangle &output) {
    const auto down = [](int from, int origin) { return origin + (from - origin) / block * block; };
    const int left = down(region.x, output.x);
    const int top = down(region.y, output.y);
    const int right = down(region.x + region.width + block - 1, output.x);
    const int bottom = down(region.y + region.height + block - 1, output.y);
    GeglRectangle blocks{left, top, right - left, bottom - top};
    gegl_rectangle_intersect(&blocks, &blocks, &output);
    return blocks;
}

// What is made, and kept, when a region is asked for: if it takes the whole input, the whole output.
GeglRectangle cached_region(GeglOperation *operation, const GeglRectangle *roi) {
    const GeglRectangle extent = input_extent(operation);
    const GeglRectangle output = bounding_box(operation);
    GeglRectangle region{};
    if (!has_pixels(extent) || gegl_rectangle_intersect(&region, roi, &output) == 0) return *roi;
    const GeglRectangle blocks = in_blocks(region, output);
    const GeglRectangle needed = required_for_output(operation, "input", &blocks);
    return gegl_rectangle_contains(&needed, &extent) != 0 ? output : blocks;
}

api::RunOptions told(GeglOperation *operation) {
    api::RunOptions options;
    options.progress = [operation](const mirra_progress &progress) {
        gegl_operation_progress(operation, progress.fraction,
                                const_cast<char *>(kind_of(operation).filter.label.c_str()));
        return true;
    };
    return options;
}

gboolean process(GeglOperation *operation, GeglBuffer *input, GeglBuffer *output, const GeglRectangle *roi,
                 gint /*level*/) {
    try {
        const GeglRectangle extent = input_extent(operation);
        if (!has_pixels(extent))
            throw api::Error(MIRRA_E_INVALID_ARGUMENT, "the input has no end", "",
                             "Put gegl:crop before the operation");
        const Lease lease = lease_of(operation);
        run(lease, input, extent, output, *roi, told(operation));
    } catch (const std::exception &error) {
        warn(operation, error);
        gegl_buffer_copy(input, roi, GEGL_ABYSS_NONE, output, roi);
    }
    return TRUE;
}

void begin_class(gpointer klass, gpointer data) {
    const auto &kind = *static_cast<const Kind *>(data);
    auto *const object = G_OBJECT_CLASS(klass);
    auto *const operation = GEGL_OPERATION_CLASS(klass);
    static_cast<Class *>(klass)->kind = &kind;
    static_cast<Class *>(klass)->above = GEGL_OPERATION_FILTER_CLASS(g_type_class_peek_parent(klass));
    object->set_property = set_property;
    object->get_property = get_property;
    object->finalize = end;
    operation->prepare = prepare;
    operation->get_bounding_box = bounding_box;
    operation->get_required_for_output = required_for_output;
    operation->get_invalidated_by_change = invalidated_by_change;
    operation->get_cached_region = cached_region;
    operation->threaded = FALSE; // Mirra has threads of its own
    GEGL_OPERATION_FILTER_CLASS(klass)->process = process;
    install_properties(object, kind.filter);
    const std::string name = "mirra:" + kind.filter.name;
    gegl_operation_class_set_keys(operation, "name", name.c_str(), "title", kind.filter.label.c_str(),
                                  "categories", "mirra", "description", kind.filter.doc.c_str(),
                                  "gimp:menu-path", "<Image>/Filters/Mirra", "gimp:menu-label",
                                  kind.filter.label.c_str(), nullptr);
}

} // namespace

void register_operation(GTypeModule *module, const Kind &kind) {
    GTypeInfo info{};
    info.class_size = sizeof(Class);
    info.class_init = begin_class;
    info.class_data = &kind;
    info.instance_size = sizeof(Operation);
    info.instance_init = begin;
    const std::string name = "mirra-gegl-" + kind.filter.name;
    g_type_module_register_type(module, GEGL_TYPE_OPERATION_FILTER, name.c_str(), &info, GTypeFlags(0));
}

} // namespace mirra_gegl
