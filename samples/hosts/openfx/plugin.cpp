// What a host calls: one effect for each of Mirra's filters.
#include "describe.hpp"
#include "render.hpp"

#include <array>
#include <cstdio>
#include <memory>
#include <utility>
#include <vector>

namespace mirra_openfx {
namespace {

using mirra_filters::Filter;
using mirra_filters::Filters;

/// OpenFX calls an effect by a function without context, so there is a function for each, and this many.
constexpr std::size_t kMostEffects = 64;

// Hosts load a bundle, unload it and load it again, and may use it on threads while they exit: it stays in
// memory, and this is never destroyed.
Filters &filters() {
    static Filters *const all = std::make_unique<Filters>().release();
    return *all;
}

void say(OfxImageEffectHandle effect, const std::string &text) {
    const Suites &host = suites();
    if (host.lasting != nullptr)
        (void)host.lasting->setPersistentMessage(effect, kOfxMessageError, "mirra", "%s", text.c_str());
    else if (host.message != nullptr)
        (void)host.message->message(effect, kOfxMessageError, "mirra", "%s", text.c_str());
}

// When renders begin, or a parameter has changed, what was wrong may be right.
void forget_message(OfxImageEffectHandle effect) {
    if (suites().lasting != nullptr) (void)suites().lasting->clearPersistentMessage(effect);
}

OfxStatus status_of(const std::exception &error) {
    const auto *const known = dynamic_cast<const mirra::api::Error *>(&error);
    return known != nullptr && known->code() == MIRRA_E_OUT_OF_MEMORY ? kOfxStatErrMemory : kOfxStatFailed;
}

OfxStatus acted(const Filter &filter, const std::string &action, OfxImageEffectHandle effect,
                OfxPropertySetHandle in, OfxPropertySetHandle out) {
    if (action == kOfxActionLoad) return fetch_suites() ? kOfxStatOK : kOfxStatErrMissingHostFeature;
    if (action == kOfxImageEffectActionBeginSequenceRender || action == kOfxActionInstanceChanged)
        forget_message(effect);
    if (action == kOfxActionDescribe)
        describe(effect, filter);
    else if (action == kOfxImageEffectActionDescribeInContext)
        describe_in_context(effect, filter);
    else if (action == kOfxActionCreateInstance || action == kOfxActionInstanceChanged)
        grey_what_does_not_count(effect, filter);
    else if (action == kOfxImageEffectActionGetRegionsOfInterest)
        regions_of_interest(effect, filters(), filter, Properties(in), Properties(out));
    else if (action == kOfxImageEffectActionRender)
        render(effect, filters(), filter, Properties(in));
    else
        return kOfxStatReplyDefault;
    return kOfxStatOK;
}

OfxStatus act(std::size_t index, const char *action, const void *handle, OfxPropertySetHandle in,
              OfxPropertySetHandle out) noexcept {
    auto *const effect = static_cast<OfxImageEffectHandle>(const_cast<void *>(handle));
    try {
        return acted(filters().all().at(index), action, effect, in, out);
    } catch (const HostFailure &failure) {
        return failure.status;
    } catch (const std::exception &error) {
        const auto *const known = dynamic_cast<const mirra::api::Error *>(&error);
        // The host knows that it has aborted.
        if (known != nullptr && known->code() == MIRRA_E_CANCELLED) return kOfxStatFailed;
        say(effect, mirra_filters::message_of(error));
        return status_of(error);
    }
}

template<std::size_t Index>
OfxStatus entry(const char *action, const void *handle, OfxPropertySetHandle in, OfxPropertySetHandle out) {
    return act(Index, action, handle, in, out);
}

template<std::size_t... Index>
constexpr std::array<OfxPluginEntryPoint *, sizeof...(Index)> entries(std::index_sequence<Index...>) {
    return {entry<Index>...};
}

void set_host(OfxHost *host) {
    suites().host = host;
}

struct Effect {
    std::string id;
    OfxPlugin plugin;
};

std::vector<std::unique_ptr<Effect>> made_effects() {
    constexpr auto functions = entries(std::make_index_sequence<kMostEffects>());
    std::vector<std::unique_ptr<Effect>> effects;
    for (const auto &filter : filters().all()) {
        if (effects.size() == kMostEffects) break;
        auto effect = std::make_unique<Effect>();
        effect->id = "org.mirra.ofx." + filter.name;
        effect->plugin = {
            kOfxImageEffectPluginApi, kOfxImageEffectPluginApiVersion, effect->id.c_str(), 1, 0, set_host,
            functions[effects.size()]};
        effects.push_back(std::move(effect));
    }
    return effects;
}

// None where the plugins of Mirra cannot be loaded. A host has no place for the reason at this point.
const std::vector<std::unique_ptr<Effect>> &effects() noexcept {
    static const auto all = [] {
        try {
            return made_effects();
        } catch (const std::exception &error) {
            std::fprintf(stderr, "Mirra: %s\n", mirra_filters::message_of(error).c_str());
            return std::vector<std::unique_ptr<Effect>>();
        }
    }();
    return all;
}

} // namespace
} // namespace mirra_openfx

extern "C" __attribute__((visibility("default"))) int OfxGetNumberOfPlugins(void) {
    return static_cast<int>(mirra_openfx::effects().size());
}

extern "C" __attribute__((visibility("default"))) OfxPlugin *OfxGetPlugin(int nth) {
    const auto &all = mirra_openfx::effects();
    return nth < 0 || static_cast<std::size_t>(nth) >= all.size()
               ? nullptr
               : &all[static_cast<std::size_t>(nth)]->plugin;
}
