#include "tile_places.hpp"

namespace mirra::host {

runtime::Rect TilePlaces::read(std::size_t index) const {
    return moved(plan_.tiles.tiles[index].input, -std::int64_t{plan_.key.setup.margin});
}

runtime::Rect TilePlaces::core(std::size_t index) const {
    return common(moved(plan_.tiles.tiles[index].core, -std::int64_t{plan_.key.setup.margin}),
                  {0, 0, geometry_.width, geometry_.height});
}

runtime::Rect TilePlaces::kept(std::size_t index, const OutputImage &output) const {
    const runtime::Rect own = core(index);
    return is_empty(own) ? own : common(geometry_.output_of(own), output.region());
}

runtime::Rect TilePlaces::shown(std::size_t index) const {
    return geometry_.output_of(read(index));
}

mirra_tile TilePlaces::describe(std::size_t index, std::uint32_t pass) const {
    const runtime::Tile tile = plan_.tiles.tiles[index];
    const runtime::Rect output = shown(index);
    mirra_tile out{};
    out.struct_size = sizeof(mirra_tile);
    out.pass = pass;
    out.index = index;
    out.count = count();
    out.core_x = tile.core.x;
    out.core_y = tile.core.y;
    out.core_width = tile.core.width;
    out.core_height = tile.core.height;
    out.input_x = tile.input.x;
    out.input_y = tile.input.y;
    out.input_width = tile.input.width;
    out.input_height = tile.input.height;
    out.output_x = output.x;
    out.output_y = output.y;
    out.output_width = output.width;
    out.output_height = output.height;
    return out;
}

} // namespace mirra::host
