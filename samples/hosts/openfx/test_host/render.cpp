#include "effect.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <stdexcept>
#include <thread>
#include <vector>

namespace test_host {
namespace {

namespace ImageEffect = OFX::Host::ImageEffect;

void check(OfxStatus status, const char *what) {
    if (status != kOfxStatOK && status != kOfxStatReplyDefault)
        throw std::runtime_error(std::string(what) + " failed, status " + std::to_string(status));
}

// The part of the source that a window needs, as the effect says.
OfxRectI needed(Effect &effect, const OfxRectI &window) {
    const double scale = effect.behaviour.scale;
    std::map<ImageEffect::ClipInstance *, OfxRectD> regions;
    const OfxRectD asked{window.x1 / scale, window.y1 / scale, window.x2 / scale, window.y2 / scale};
    check(effect.getRegionOfInterestAction(0, {scale, scale}, asked, regions), "to ask for regions");
    const OfxRectD answer = regions[effect.getClip(kOfxImageEffectSimpleSourceClipName)];
    const OfxRectI &whole = effect.source.bounds;
    const auto down = [scale](double value) { return static_cast<int>(std::floor(value * scale + 1e-6)); };
    const auto up = [scale](double value) { return static_cast<int>(std::ceil(value * scale - 1e-6)); };
    return {std::max(whole.x1, down(answer.x1)), std::max(whole.y1, down(answer.y1)),
            std::min(whole.x2, up(answer.x2)), std::min(whole.y2, up(answer.y2))};
}

OfxStatus render_window(Effect &effect, const OfxRectI &window) {
    const double scale = effect.behaviour.scale;
    return effect.renderAction(0, kOfxImageFieldNone, window, {scale, scale}, true, false, false);
}

std::vector<OfxRectI> windows_of(const OfxRectI &whole, int tile) {
    const int across = tile == 0 ? whole.x2 - whole.x1 : tile, down = tile == 0 ? whole.y2 - whole.y1 : tile;
    std::vector<OfxRectI> windows;
    for (int y = whole.y1; y < whole.y2; y += down)
        for (int x = whole.x1; x < whole.x2; x += across)
            windows.push_back({x, y, std::min(x + across, whole.x2), std::min(y + down, whole.y2)});
    return windows;
}

void render_in_turn(Effect &effect, const std::vector<OfxRectI> &windows) {
    for (const OfxRectI &window : windows) {
        effect.visible = needed(effect, window);
        std::printf("window %d,%d %dx%d needs %d,%d %dx%d\n", window.x1, window.y1, window.x2 - window.x1,
                    window.y2 - window.y1, effect.visible.x1, effect.visible.y1,
                    effect.visible.x2 - effect.visible.x1, effect.visible.y2 - effect.visible.y1);
        check(render_window(effect, window), "a render");
    }
}

void render_at_once(Effect &effect, const std::vector<OfxRectI> &windows) {
    effect.visible = effect.source.bounds;
    std::atomic<std::size_t> next{0};
    std::atomic<OfxStatus> status{kOfxStatOK};
    const auto work = [&] {
        for (std::size_t i = next++; i < windows.size(); i = next++) {
            const OfxStatus ended = render_window(effect, windows[i]);
            if (ended == kOfxStatOK) continue;
            status = ended;
            return;
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < effect.behaviour.threads; ++i) threads.emplace_back(work);
    for (auto &thread : threads) thread.join();
    check(status, "the work of threads");
}

} // namespace

void render(Effect &effect) {
    const OfxPointD scale{effect.behaviour.scale, effect.behaviour.scale};
    const auto windows = windows_of(effect.source.bounds, effect.behaviour.tile);
    check(effect.beginRenderAction(0, 0, 1, false, scale, true, false), "to begin");
    if (effect.behaviour.threads > 1)
        render_at_once(effect, windows);
    else
        render_in_turn(effect, windows);
    check(effect.endRenderAction(0, 0, 1, false, scale, true, false), "to end");
}

} // namespace test_host
