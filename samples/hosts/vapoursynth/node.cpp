#include "node.hpp"

#include "clips.hpp"

#include <utility>

namespace mirra_vapoursynth {
namespace {

// In the gate while it lives.
class Inside {
  public:
    explicit Inside(Gate &gate) : gate_(gate) { gate_.enter(); }
    ~Inside() { gate_.leave(); }
    Inside(const Inside &) = delete;
    Inside &operator=(const Inside &) = delete;

  private:
    Gate &gate_;
};

// Loads the networks, so that what is wrong is said where the script calls the filter.
VSVideoInfo output_of(mirra_filters::Filters &filters, const mirra_filters::Filter &filter,
                      const mirra_filters::Values &values, VSVideoInfo info, VSCore *core, const VSAPI *vs) {
    const auto lease = filters.lease(filter, values);
    const mirra_plan plan = lease.session().plan(info.width, info.height);
    if (plan.fits == 0)
        throw api::Error(MIRRA_E_BUDGET,
                         "a frame needs " + std::to_string((plan.required_bytes >> 20) + 1) + " MiB",
                         "memory_limit", "Give it so many, or none.");
    info.width = static_cast<int>(plan.output_width);
    info.height = static_cast<int>(plan.output_height);
    if (filter.colored_output && info.format.colorFamily == cfGray)
        vs->queryVideoFormat(&info.format, cfRGB, info.format.sampleType, info.format.bitsPerSample, 0, 0,
                             core);
    return info;
}

} // namespace

void Gate::enter() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return free_ > 0; });
    --free_;
}

void Gate::leave() noexcept {
    {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++free_;
    }
    changed_.notify_one();
}

Node::Node(std::shared_ptr<mirra_filters::Filters> filters, const mirra_filters::Filter &filter,
           mirra_filters::Values values, VSNode *clip, int at_once, VSCore *core, const VSAPI *vs)
    : vs_(vs)
    , filters_(std::move(filters))
    , filter_(filter)
    , values_(std::move(values))
    , clip_(clip, OwnedNode{vs})
    , info_(*vs->getVideoInfo(clip))
    , gate_(at_once) {
    const std::string reason = refusal(info_);
    if (!reason.empty()) throw api::Error(MIRRA_E_UNSUPPORTED, reason);
    info_ = output_of(*filters_, filter_, values_, info_, core, vs);
}

Node::~Node() = default;

Frame Node::frame(int number, const VSFrame *source, VSCore *core) {
    Frame target(vs_->newVideoFrame(&info_.format, info_.width, info_.height, source, core), OwnedFrame{vs_});
    api::RunOptions options;
    options.frame = number;
    const Inside inside(gate_);
    const auto lease = filters_->lease(filter_, values_);
    const auto result = lease.run(source_of(source, vs_), target_of(target.get(), vs_), std::move(options));
    add_properties(target.get(), result, vs_);
    return target;
}

} // namespace mirra_vapoursynth
