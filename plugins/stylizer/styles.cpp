// The styles of a run.
#include "styles.hpp"

#include "masks.hpp"
#include "prepared.hpp"
#include "style_encoder.hpp"

namespace stylizer {
namespace {

bool is_given(const Host &host, const StyleNames &names) {
    return host.given(names.style) || host.given(names.statistics);
}

void check_ports(const Host &host) {
    bool any = false;
    for (const StyleNames &names : kStyleNames) {
        if (host.given(names.style) && host.given(names.statistics))
            host.fail(MIRRA_E_INVALID_ARGUMENT, "both a style picture and a prepared style were given",
                      names.style,
                      std::string("Give one of '") + names.style + "' and '" + names.statistics + "'.");
        if (host.given(names.mask) && !is_given(host, names))
            host.fail(MIRRA_E_INVALID_ARGUMENT, "a mask was given without its style", names.mask,
                      std::string("Give '") + names.style + "' or '" + names.statistics + "' as well.");
        any = any || is_given(host, names);
    }
    if (!any)
        host.fail(MIRRA_E_INVALID_ARGUMENT, "no style was given", kStyleNames.front().style,
                  std::string("Give a picture to the port '") + kStyleNames.front().style +
                      "', or a prepared style to '" + kStyleNames.front().statistics + "'.");
}

/// Of the levels of the settings. @throws Failed mismatch
std::vector<Statistics> read_prepared(const Host &host, const Settings &settings, const char *port) {
    const auto shape = host.port_shape(port);
    if (shape.size() != 1)
        host.fail(MIRRA_E_MISMATCH, "a prepared style is a tensor {N}", port,
                  "Make one by the task 'style-prepare'.");
    const auto prepared = unpack(host, host.download(host.port_tensor(port).get()), port);
    std::vector<Statistics> out;
    for (const Level &level : settings.levels) {
        const auto found = std::find_if(prepared.begin(), prepared.end(),
                                        [&](const PreparedLevel &each) { return each.name == level.name; });
        if (found == prepared.end())
            host.fail(MIRRA_E_MISMATCH, "the style was prepared without the level '" + level.name + "'", port,
                      "Prepare it with this bundle and with the same levels.");
        if (!same_encoder(found->fingerprint, fingerprint(host, settings, level)))
            host.fail(MIRRA_E_MISMATCH, "the style was prepared with a bundle of another encoder", port,
                      "Prepare it with this bundle.");
        out.push_back(found->statistics);
    }
    return out;
}

std::vector<Statistics> encode(const Host &host, const Settings &settings, const char *port) {
    std::vector<Statistics> out;
    for (const Level &level : settings.levels) out.push_back(encode_style(host, settings, level, port));
    return out;
}

/// Whether there is anything left of the style.
bool read_mask(const Host &host, const Settings &settings, Style &style) {
    bool any = false;
    for (const Level &level : settings.levels) {
        const Shape map =
            common::feature_map(host, level.grid, level.encoder, kFeatures, settings.margin).shape();
        style.cells.push_back(cell_coverage(host, style.names->mask, level.grid, map, settings.margin));
        any = any || std::any_of(style.cells.back().begin(), style.cells.back().end(),
                                 [](float covered) { return covered > 0; });
    }
    return any;
}

} // namespace

std::vector<Style> read_styles(const Host &host, const Settings &settings) {
    check_ports(host);
    std::vector<Style> styles;
    for (const StyleNames &names : kStyleNames) {
        if (!is_given(host, names)) continue;
        Style style;
        style.names = &names;
        style.weight = host.real(names.weight);
        style.masked = host.given(names.mask);
        if (style.weight == 0 || (style.masked && !read_mask(host, settings, style))) continue;
        style.statistics = host.given(names.statistics) ? read_prepared(host, settings, names.statistics)
                                                        : encode(host, settings, names.style);
        styles.push_back(std::move(style));
    }
    return styles;
}

std::vector<LevelStyle> at_level(const std::vector<Style> &styles, std::size_t level) {
    std::vector<LevelStyle> out;
    for (const Style &style : styles)
        out.push_back({&style.statistics[level], style.weight, style.masked ? &style.cells[level] : nullptr});
    return out;
}

} // namespace stylizer
