// Pieces of a picture against the whole.
#include "check.hpp"

namespace mirra::cli::conformance {
namespace {

/// A picture, and a session that cuts it into tiles.
struct Cut {
    Session session;
    Shape shape;
    std::uint64_t tiles;
};

/// Few tiles, so that the check is quick: a tile of a network with a wide overlap shows little. Throws
/// NotChecked if no size of tiles gives several.
Cut cut(const Lab &lab) {
    constexpr std::uint64_t kFew = 16;
    std::optional<Cut> least;
    for (const std::int32_t tile : {64, 128, 256, 512}) {
        const Shape shape{2 * tile + 22, tile + 66};
        Session session = lab.session(tile);
        const std::uint64_t tiles = lab.plan(session, shape).tile_count;
        if (tiles > 1 && (!least || tiles < least->tiles)) least = Cut{std::move(session), shape, tiles};
        if (least && least->tiles <= kFew) break;
    }
    if (!least) throw NotChecked("the task takes the whole picture as one tile");
    return std::move(*least);
}

void check_tiles(const Lab &lab, Findings &) {
    lab.require_runs();
    Cut small = cut(lab);
    Session session = lab.session();
    const std::string where = small.shape.text() + " in " + std::to_string(small.tiles) + " tiles";
    const Taken whole = lab.take(session, small.shape),
                pieces = lab.take(small.session, small.shape, {}, where);
    const std::string apart = differs(lab.task(), whole, pieces, lab.tolerance());
    if (!apart.empty()) throw Fault(where, "the tiles differ from the whole: " + apart);
}

std::string text_of(const mirra_rect &rect) {
    return std::to_string(rect.width) + "x" + std::to_string(rect.height) + " at (" + std::to_string(rect.x) +
           ", " + std::to_string(rect.y) + ")";
}

void compare_region(const Lab &lab, Session &session, const Shape &shape, const Pixels &whole,
                    const mirra_rect &region) {
    const std::string where = shape.text() + ", region " + text_of(region);
    Ask ask;
    ask.region = region;
    const Taken part = lab.take(session, shape, ask, where);
    const auto x = static_cast<std::int32_t>(region.x), y = static_cast<std::int32_t>(region.y);
    const Difference apart = difference(whole, part.image(lab.task()), x, y);
    if (apart.most > lab.tolerance().pixels)
        throw Fault(where, "the region differs from that part of the whole by " + apart.text());
}

void check_regions(const Lab &lab, Findings &findings) {
    lab.require_runs();
    const Shape shape{150, 130};
    Session session = lab.session();
    const Taken taken = lab.take(session, shape);
    const Pixels &whole = taken.image(lab.task());
    const std::int64_t width = whole.shape().width, height = whole.shape().height;
    for (const mirra_rect &region : {api::make_rect(width / 3, height / 4, (width + 1) / 2, (height + 2) / 3),
                                     api::make_rect(width - 1, height - 1, 1, 1)})
        findings.guard([&] { compare_region(lab, session, shape, whole, region); });
}

} // namespace

Checks tile_checks() {
    return {{"tiles", "a picture in tiles equals the picture as a whole", check_tiles},
            {"regions", "a region equals that part of the whole", check_regions}};
}

} // namespace mirra::cli::conformance
