// A run on a thread of its own, so that GIMP hears of progress and a dialog stays alive meanwhile.
#pragma once

#include <buffers.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>

namespace mirra_gimp {

namespace api = mirra_filters::api;

struct Unref {
    void operator()(GeglBuffer *buffer) const noexcept { g_object_unref(buffer); }
};
using Buffer = std::unique_ptr<GeglBuffer, Unref>;

/// Makes a region of a filter's output. GIMP's drawables may be touched by the main thread alone, so that the
/// run has copies: of as much of the input as the region depends on.
class Work {
  public:
    /// Begins. @throws api::Error where the filter cannot run, or makes a picture of another size
    Work(mirra_filters::Filters &filters, const mirra_filters::Filter &filter,
         const mirra_filters::Values &values, GeglBuffer *drawable, const GeglRectangle &region);
    /// Stops the run, if it is still under way, and waits for it.
    ~Work();
    Work(const Work &) = delete;
    Work &operator=(const Work &) = delete;

    /// Waits until the run has ended, at most for this time, and says whether it has.
    bool wait(std::chrono::milliseconds time);
    /// How far the run is, from 0 to 1.
    [[nodiscard]] double fraction() const noexcept { return fraction_; }
    /// What was made, once the run has ended: the region alone. @throws what the run ended with
    [[nodiscard]] GeglBuffer *made() const;

  private:
    void run();

    mirra_filters::Lease lease_;
    GeglRectangle extent_, region_;
    Buffer input_, output_;
    api::Cancel cancel_ = api::Cancel::create();
    std::atomic<double> fraction_ = 0;
    std::exception_ptr failure_;
    std::mutex lock_;
    std::condition_variable ended_;
    bool has_ended_ = false;
    std::thread thread_; // the last member: it uses the others
};

} // namespace mirra_gimp
