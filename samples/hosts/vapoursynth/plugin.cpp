// Tasks of Mirra as filters of VapourSynth (API 4): core.mirra.Denoise(clip, quality="fast").
#include "arguments.hpp"
#include "node.hpp"

#include <cstdio>
#include <list>
#include <utility>

namespace mirra_vapoursynth {
namespace {

namespace api = mirra::api;

constexpr int most_at_once = 64;

/// A filter that is registered; lives as long as this library is loaded.
struct Function {
    std::shared_ptr<mirra_filters::Filters> filters;
    const mirra_filters::Filter *filter;
};

const std::list<Function> &functions() {
    static const std::list<Function> all = [] {
        std::list<Function> made;
        const auto filters = std::make_shared<mirra_filters::Filters>();
        for (const auto &filter : filters->all()) made.push_back({filters, &filter});
        return made;
    }();
    return all;
}

std::string message_for(const mirra_filters::Filter &filter, const std::exception &error) {
    return function_name(filter) + ": " + mirra_filters::message_of(error);
}

void VS_CC free_node(void *data, VSCore *, const VSAPI *) noexcept {
    const std::unique_ptr<Node> last(static_cast<Node *>(data));
}

const VSFrame *VS_CC get_frame(int number, int reason, void *data, void **, VSFrameContext *context,
                               VSCore *core, const VSAPI *vs) noexcept {
    Node &node = *static_cast<Node *>(data);
    if (reason == arInitial) vs->requestFrameFilter(number, node.clip(), context);
    if (reason != arAllFramesReady) return nullptr;
    try {
        const ConstFrame source(vs->getFrameFilter(number, node.clip(), context), OwnedFrame{vs});
        return node.frame(number, source.get(), core).release();
    } catch (const std::exception &error) {
        vs->setFilterError(("mirra: " + mirra_filters::message_of(error)).c_str(), context);
        return nullptr;
    }
}

int at_once_of(const VSMap *in, const VSAPI *vs) {
    constexpr int chosen = 2; // one computes while the other one reads and writes pixels
    int absent = 0;
    const std::int64_t given = vs->mapGetInt(in, at_once_argument, 0, &absent);
    if (absent != 0) return chosen;
    if (given < 1 || given > most_at_once)
        throw api::Error(MIRRA_E_INVALID_ARGUMENT, std::to_string(given) + " is out of range",
                         at_once_argument, "Give a number from 1 to " + std::to_string(most_at_once) + ".");
    return static_cast<int>(given);
}

void VS_CC create(const VSMap *in, VSMap *out, void *data, VSCore *core, const VSAPI *vs) noexcept {
    const Function &function = *static_cast<const Function *>(data);
    try {
        auto values = values_of(*function.filter, in, vs);
        const int at_once = at_once_of(in, vs);
        auto node = std::make_unique<Node>(function.filters, *function.filter, std::move(values),
                                           vs->mapGetNode(in, "clip", 0, nullptr), at_once, core, vs);
        const VSVideoInfo info = node->info();
        const VSFilterDependency source{node->clip(), rpStrictSpatial};
        vs->createVideoFilter(out, function_name(*function.filter).c_str(), &info, get_frame, free_node,
                              fmParallel, &source, 1, node.release(), core);
    } catch (const std::exception &error) {
        vs->mapSetError(out, message_for(*function.filter, error).c_str());
    }
}

} // namespace
} // namespace mirra_vapoursynth

VS_EXTERNAL_API(void) VapourSynthPluginInit2(VSPlugin *plugin, const VSPLUGINAPI *vs) {
    using namespace mirra_vapoursynth;
    vs->configPlugin("org.mirra", "mirra", "Tasks of Mirra: denoising and others",
                     VS_MAKE_VERSION(MIRRA_VERSION_MAJOR, MIRRA_VERSION_MINOR), VAPOURSYNTH_API_VERSION, 0,
                     plugin);
    try {
        for (const Function &function : functions())
            vs->registerFunction(function_name(*function.filter).c_str(),
                                 arguments_of(*function.filter).c_str(), "clip:vnode;", create,
                                 const_cast<Function *>(&function), plugin);
    } catch (const std::exception &error) { // there is no other way to say it here
        std::fprintf(stderr, "mirra: %s\n", mirra_filters::message_of(error).c_str());
    }
}
