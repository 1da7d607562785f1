// The last step of a tile: colours and masks.
#include "picture.hpp"

#include "masks.hpp"

namespace stylizer {
namespace {

/// Luminance of the result, differences of the colours to it from the content.
void keep_colors(const std::vector<float> &content, std::vector<float> &styled) {
    const std::size_t area = content.size() / 3;
    for (std::size_t i = 0; i < area; ++i) {
        const float lighter = luminance(styled, i) - luminance(content, i);
        for (std::size_t at = i; at < content.size(); at += area)
            styled[at] = std::clamp(content[at] + lighter, 0.0F, 1.0F);
    }
}

/// Shares of pixels that any style applies to; empty: all of each.
std::vector<float> covered(const Host &host, const std::vector<Style> &styles, const mirra_tile &tile,
                           std::int64_t margin) {
    if (std::any_of(styles.begin(), styles.end(), [](const Style &style) { return !style.masked; }))
        return {};
    std::vector<float> sum(static_cast<std::size_t>(tile.input_width * tile.input_height));
    for (const Style &style : styles) {
        const std::vector<float> mask = pixel_coverage(host, style.names->mask, tile, margin);
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = std::min(sum[i] + mask[i], 1.0F);
    }
    return sum;
}

void uncover(const std::vector<float> &content, const std::vector<float> &shares,
             std::vector<float> &styled) {
    for (std::size_t i = 0; i < styled.size(); ++i) {
        const float share = shares[i % shares.size()];
        styled[i] = share == 1 ? styled[i] : content[i] + share * (styled[i] - content[i]);
    }
}

} // namespace

Tensor finish_picture(const Host &host, const Settings &settings, const std::vector<Style> &styles,
                      const mirra_tile &tile, const mirra_tensor *content, Tensor styled) {
    const std::vector<float> shares = covered(host, styles, tile, settings.margin);
    if (!settings.preserve_color && shares.empty()) return styled;
    const std::vector<float> before = host.download(content);
    std::vector<float> after = host.download(styled.get());
    if (settings.preserve_color) keep_colors(before, after);
    if (!shares.empty()) uncover(before, shares, after);
    return host.upload(after, {1, kColors, tile.input_height, tile.input_width});
}

} // namespace stylizer
