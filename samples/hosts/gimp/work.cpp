#include "work.hpp"

#include <string>

namespace mirra_gimp {
namespace {

void refuse_other_size(const mirra_filters::Lease &lease, const GeglRectangle &extent) {
    const GeglRectangle output = mirra_gegl::output_extent(lease, extent);
    if (gegl_rectangle_equal(&extent, &output) != 0) return;
    throw api::Error(MIRRA_E_UNSUPPORTED,
                     lease.filter().label + " makes a picture of another size (" +
                         std::to_string(output.width) + " x " + std::to_string(output.height) +
                         "), which a layer cannot take",
                     "", "Use the command: mirra " + lease.filter().task);
}

} // namespace

Work::Work(mirra_filters::Filters &filters, const mirra_filters::Filter &filter,
           const mirra_filters::Values &values, GeglBuffer *drawable, const GeglRectangle &region)
    : lease_(filters.lease(filter, values))
    , extent_(*gegl_buffer_get_extent(drawable))
    , region_(region) {
    refuse_other_size(lease_, extent_);
    const GeglRectangle needed = mirra_gegl::required(lease_, extent_, region_);
    const Babl *const format = mirra_gegl::layout_of(gegl_buffer_get_format(drawable), false).format;
    input_.reset(gegl_buffer_new(&needed, format));
    output_.reset(gegl_buffer_new(&region_, format));
    gegl_buffer_copy(drawable, &needed, GEGL_ABYSS_NONE, input_.get(), &needed);
    thread_ = std::thread([this] { run(); });
}

Work::~Work() {
    cancel_.request();
    if (thread_.joinable()) thread_.join();
}

void Work::run() {
    api::RunOptions options;
    options.cancel = &cancel_;
    options.progress = [this](const mirra_progress &progress) {
        fraction_ = progress.fraction;
        return true;
    };
    try {
        mirra_gegl::run(lease_, input_.get(), extent_, output_.get(), region_, options);
    } catch (...) {
        failure_ = std::current_exception();
    }
    const std::lock_guard<std::mutex> hold(lock_);
    has_ended_ = true;
    ended_.notify_all();
}

bool Work::wait(std::chrono::milliseconds time) {
    std::unique_lock<std::mutex> hold(lock_);
    return ended_.wait_for(hold, time, [this] { return has_ended_; });
}

GeglBuffer *Work::made() const {
    if (failure_) std::rethrow_exception(failure_);
    return output_.get();
}

} // namespace mirra_gimp
