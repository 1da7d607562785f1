// Renders a picture by an effect that lies in OFX_PLUGIN_PATH, or lists what lies there.
#include "host.hpp"
#include "list.hpp"

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace test_host {
namespace {

constexpr const char *kUsage =
    "Usage: ofx_test_host --list\n"
    "       ofx_test_host ID IN OUT [--depth byte|short|float] [--components RGBA|RGB|Alpha]\n"
    "           [--context filter|general] [--premultiplied] [--padding BYTES] [--downwards] [--origin X,Y]\n"
    "           [--tile SIDE] [--threads COUNT] [--scale FACTOR] [--abort-after CALLS] [--no-source]\n"
    "           [--old-host] [NAME=VALUE...]\n";

struct Wish {
    std::string id, in, out, context = kOfxImageEffectContextFilter;
    Layout layout;
    OfxPointI origin{0, 0};
    Behaviour behaviour;
    bool old_host = false;
    std::vector<std::string> settings;
};

std::string depth_of(const std::string &word) {
    if (word == "short") return kOfxBitDepthShort;
    return word == "float" ? kOfxBitDepthFloat : kOfxBitDepthByte;
}

OfxPointI point_of(const std::string &text) {
    const auto comma = text.find(',');
    return {std::atoi(text.c_str()), comma == std::string::npos ? 0 : std::atoi(text.c_str() + comma + 1)};
}

// Options without a value. False for any other word.
bool read_switch(Wish &wish, const std::string &word) {
    if (word == "--premultiplied")
        wish.behaviour.premultiplied = true;
    else if (word == "--downwards")
        wish.layout.downwards = true;
    else if (word == "--no-source")
        wish.behaviour.connected = false;
    else if (word == "--old-host")
        wish.old_host = true;
    else
        return false;
    return true;
}

void read_option(Wish &wish, const std::string &word, const std::string &value) {
    if (word == "--depth")
        wish.layout.depth = depth_of(value);
    else if (word == "--components")
        wish.layout.components = "OfxImageComponent" + value;
    else if (word == "--context")
        wish.context = value == "general" ? kOfxImageEffectContextGeneral : kOfxImageEffectContextFilter;
    else if (word == "--padding")
        wish.layout.padding = std::atoi(value.c_str());
    else if (word == "--origin")
        wish.origin = point_of(value);
    else if (word == "--tile")
        wish.behaviour.tile = std::atoi(value.c_str());
    else if (word == "--threads")
        wish.behaviour.threads = std::atoi(value.c_str());
    else if (word == "--scale")
        wish.behaviour.scale = std::strtod(value.c_str(), nullptr);
    else if (word == "--abort-after")
        wish.behaviour.abort_after = std::atoi(value.c_str());
    else
        throw std::runtime_error(kUsage);
}

Wish read_command(int count, char **given) {
    if (count < 4) throw std::runtime_error(kUsage);
    Wish wish;
    wish.id = given[1];
    wish.in = given[2];
    wish.out = given[3];
    wish.layout.depth = kOfxBitDepthByte;
    wish.layout.components = kOfxImageComponentRGB;
    for (int i = 4; i < count; ++i) {
        const std::string word = given[i];
        if (read_switch(wish, word)) continue;
        if (word.compare(0, 2, "--") != 0) {
            wish.settings.push_back(word);
            continue;
        }
        if (++i == count) throw std::runtime_error(kUsage);
        read_option(wish, word, given[i]);
    }
    return wish;
}

std::unique_ptr<Effect> made(OFX::Host::ImageEffect::PluginCache &cache, const Wish &wish) {
    auto *const plugin = cache.getPluginById(wish.id);
    if (plugin == nullptr) throw std::runtime_error("there is no effect " + wish.id);
    std::unique_ptr<Effect> effect(dynamic_cast<Effect *>(plugin->createInstance(wish.context, nullptr)));
    if (!effect) throw std::runtime_error("the effect has no such context");
    effect->behaviour = wish.behaviour;
    effect->source = read_frame(wish.in, wish.layout, wish.origin);
    if (wish.behaviour.premultiplied) effect->source.premultiply(false);
    effect->output = Frame(effect->source.bounds, wish.layout);
    const OfxStatus created = effect->createInstanceAction();
    if (created != kOfxStatOK && created != kOfxStatReplyDefault)
        throw std::runtime_error("it cannot be created");
    if (!effect->getClipPreferences()) throw std::runtime_error("its clips have no preferences");
    for (const auto &setting : wish.settings) {
        const auto at = setting.find('=');
        set_parameter(*effect, setting.substr(0, at), setting.substr(at + 1));
    }
    return effect;
}

void say_what_is_gray(const Effect &effect) {
    for (const auto &each : effect.getParams())
        if (!each.second->getEnabled()) std::printf("%s is gray\n", each.first.c_str());
}

void render_to_file(Effect &effect, const Wish &wish) {
    say_what_is_gray(effect);
    try {
        render(effect);
    } catch (const std::exception &) {
        const Clock::duration::rep aborted = effect.aborted;
        if (aborted != 0) {
            const auto since = Clock::now().time_since_epoch() - Clock::duration(aborted);
            std::printf("ended %.3f s after it was aborted\n", std::chrono::duration<double>(since).count());
        }
        throw;
    }
    if (!effect.output.padding_is_untouched())
        throw std::runtime_error("the effect wrote behind the end of a row");
    if (wish.behaviour.premultiplied) effect.output.premultiply(true);
    write_frame(wish.out, effect.output);
    std::printf("progress was told %d times\n", effect.updates.load());
}

int run(int count, char **given) {
    if (count < 2) throw std::runtime_error(kUsage);
    const bool lists = std::string(given[1]) == "--list";
    const Wish wish = lists ? Wish() : read_command(count, given);
    Host host(wish.old_host);
    OFX::Host::ImageEffect::PluginCache cache(host);
    cache.registerInCache(*OFX::Host::PluginCache::getPluginCache());
    OFX::Host::PluginCache::getPluginCache()->scanPluginFiles();
    if (lists)
        std::printf("%s\n", list_of(cache).c_str());
    else
        render_to_file(*made(cache, wish), wish);
    OFX::Host::PluginCache::clearPluginCache();
    return 0;
}

} // namespace
} // namespace test_host

int main(int count, char **given) {
    std::setlocale(LC_ALL, "");
    try {
        return test_host::run(count, given);
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
