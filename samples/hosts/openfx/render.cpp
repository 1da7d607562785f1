#include "render.hpp"

#include "images.hpp"
#include "parameters.hpp"

#include <algorithm>
#include <cmath>

namespace mirra_openfx {
namespace {

using mirra_filters::Filter;
using mirra_filters::Filters;

constexpr const char *kSource = kOfxImageEffectSimpleSourceClipName;

OfxParamSetHandle parameters_of(OfxImageEffectHandle effect) {
    OfxParamSetHandle parameters = nullptr;
    check(suites().effect->getParamSet(effect, &parameters));
    return parameters;
}

OfxPointD scale_of(const Properties &in) {
    return {in.real(kOfxImageEffectPropRenderScale, 0), in.real(kOfxImageEffectPropRenderScale, 1)};
}

OfxRectI common(const OfxRectI &a, const OfxRectI &b) {
    return {std::max(a.x1, b.x1), std::max(a.y1, b.y1), std::min(a.x2, b.x2), std::min(a.y2, b.y2)};
}

bool is_empty(const OfxRectI &rect) {
    return width(rect) <= 0 || height(rect) <= 0;
}

void refuse_other_size(const mirra_filters::Lease &lease, const OfxRectI &picture) {
    const mirra_plan plan = lease.session().plan(width(picture), height(picture));
    if (plan.output_width != width(picture) || plan.output_height != height(picture))
        throw api::Error(MIRRA_E_UNSUPPORTED, "it changes the size of the picture, which effects here cannot",
                         lease.filter().label, "use it by the command mirra");
}

// The part of the source that a part of the output depends on.
OfxRectI needed_of(const mirra_filters::Lease &lease, const OfxRectI &picture, const OfxRectI &window) {
    return upwards(lease.session().required(width(picture), height(picture), downwards(window, picture)),
                   picture);
}

/// Shows how far a render is, where nobody waits for a picture on the screen.
class Progress {
  public:
    Progress(OfxImageEffectHandle effect, const Filter &filter, bool interactive) : effect_(effect) {
        const OfxProgressSuiteV1 *const suite = suites().progress;
        shown_ = !interactive && suite != nullptr &&
                 suite->progressStart(effect, filter.label.c_str()) == kOfxStatOK;
    }
    ~Progress() {
        if (shown_) (void)suites().progress->progressEnd(effect_);
    }
    Progress(const Progress &) = delete;
    Progress &operator=(const Progress &) = delete;

    /// Whether to go on.
    [[nodiscard]] bool at(double fraction) const {
        if (suites().effect->abort(effect_) != 0) return false;
        return !shown_ || suites().progress->progressUpdate(effect_, fraction) != kOfxStatReplyNo;
    }

  private:
    OfxImageEffectHandle effect_;
    bool shown_;
};

} // namespace

void grey_what_does_not_count(OfxImageEffectHandle effect, const Filter &filter) {
    grey_what_does_not_count(parameters_of(effect), filter);
}

void regions_of_interest(OfxImageEffectHandle effect, Filters &filters, const Filter &filter,
                         const Properties &in, const Properties &out) {
    const OfxTime time = in.real(kOfxPropTime);
    const OfxPointD scale = scale_of(in);
    const double across = scale.x / aspect_of(effect, kSource);
    const OfxRectI picture = picture_of(effect, kSource, time, scale);
    const OfxRectI asked{
        static_cast<int>(std::floor(in.real(kOfxImageEffectPropRegionOfInterest, 0) * across)),
        static_cast<int>(std::floor(in.real(kOfxImageEffectPropRegionOfInterest, 1) * scale.y)),
        static_cast<int>(std::ceil(in.real(kOfxImageEffectPropRegionOfInterest, 2) * across)),
        static_cast<int>(std::ceil(in.real(kOfxImageEffectPropRegionOfInterest, 3) * scale.y))};
    const OfxRectI window = common(asked, picture);
    if (is_empty(window)) return;
    const auto lease = filters.lease(filter, values_of(parameters_of(effect), filter, time));
    refuse_other_size(lease, picture);
    const OfxRectI needed = needed_of(lease, picture, window);
    const std::string name = std::string("OfxImageClipPropRoI_") + kSource;
    out.set(name.c_str(), needed.x1 / across, 0);
    out.set(name.c_str(), needed.y1 / scale.y, 1);
    out.set(name.c_str(), needed.x2 / across, 2);
    out.set(name.c_str(), needed.y2 / scale.y, 3);
}

void render(OfxImageEffectHandle effect, Filters &filters, const Filter &filter, const Properties &in) {
    const OfxTime time = in.real(kOfxPropTime);
    const OfxParamSetHandle parameters = parameters_of(effect);
    const bool linear = is_linear(parameters, time);
    const ClipImage source(effect, kSource, time), output(effect, kOfxImageEffectOutputClipName, time);
    const OfxRectI window =
        common(common(in.rectangle(kOfxImageEffectPropRenderWindow), output.bounds()), source.whole());
    if (is_empty(window)) return;
    const auto lease = filters.lease(filter, values_of(parameters, filter, time));
    refuse_other_size(lease, source.whole());
    api::RunOptions options;
    options.region = downwards(window, source.whole());
    options.frame = std::llround(time);
    const Progress progress(effect, filter, in.whole(kOfxImageEffectPropInteractiveRenderStatus) != 0);
    options.progress = [&](const mirra_progress &run) { return progress.at(run.fraction); };
    const WholePicture picture(source, needed_of(lease, source.whole(), window), linear);
    (void)lease.run(api::ConstImage(picture.view()), api::Image(output.pixels(window, linear)),
                    std::move(options));
}

} // namespace mirra_openfx
