// mirra_bundle_*: bundles, what they say of themselves, their graphs.
#include "bundle_fault.hpp"
#include "handles.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

/// @param path  "" for one that came from memory
mirra_bundle *wrap(std::shared_ptr<const bundle::Bundle> opened, const char *path) {
    auto made = std::make_unique<mirra_bundle>();
    made->path = path;
    made->sha256 = opened->sha256();
    for (const auto &[name, graph] : opened->manifest().graphs) {
        GraphStrings strings;
        for (const graph::Input &input : graph.inputs) {
            strings.inputs.push_back(input.name.c_str());
            strings.channels.push_back(input.channels);
        }
        for (const graph::Output &output : graph.outputs) strings.outputs.push_back(output.name.c_str());
        made->graphs.push_back(std::move(strings));
    }
    made->bundle = std::move(opened);
    return made.release();
}

mirra_graph_info describe(const std::string &name, const graph::Graph &graph, const GraphStrings &strings) {
    const graph::Halo halo = graph::receptive_field(graph);
    mirra_graph_info out{};
    out.tileable = halo.unbounded ? 0 : 1;
    out.name = name.c_str();
    out.inputs = strings.inputs.data();
    out.input_channels = strings.channels.data();
    out.outputs = strings.outputs.data();
    out.input_count = static_cast<std::uint32_t>(strings.inputs.size());
    out.output_count = static_cast<std::uint32_t>(strings.outputs.size());
    out.parameter_count = graph::parameter_count(graph);
    out.alignment = graph::alignment(graph);
    out.minimum_extent = graph::minimum_extent(graph);
    out.halo_left = halo.left;
    out.halo_top = halo.top;
    out.halo_right = halo.right;
    out.halo_bottom = halo.bottom;
    return out;
}

} // namespace

extern "C" {

mirra_status mirra_bundle_open(const char *path, mirra_bundle **bundle, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        required(bundle, "bundle");
        *bundle = wrap(bundle::Bundle::open(path), path);
    });
}

mirra_status mirra_bundle_open_memory(const void *data, size_t bytes, const char *name, mirra_bundle **bundle,
                                      mirra_error **error) {
    return guard(error, [&] {
        required(bundle, "bundle");
        const auto *begin = &required(static_cast<const std::byte *>(data), "data");
        if (bytes > kLargestBundle)
            throw Error(ErrorCode::limit,
                        "the bundle has " + std::to_string(bytes) + " bytes, which is too many", "bytes");
        std::vector<std::byte> copy(begin, begin + bytes);
        *bundle = wrap(bundle::Bundle::open_memory(std::move(copy), name == nullptr ? "memory" : name), "");
    });
}

void mirra_bundle_destroy(mirra_bundle *bundle) {
    delete bundle;
}

mirra_status mirra_bundle_get_info(const mirra_bundle *bundle, mirra_bundle_info *info, mirra_error **error) {
    return guard(error, [&] {
        required(bundle, "bundle");
        check_struct(info, "info");
        const bundle::Manifest &manifest = bundle->bundle->manifest();
        mirra_bundle_info out{};
        out.graph_count = static_cast<std::uint32_t>(bundle->graphs.size());
        out.task = manifest.task.c_str();
        out.name = manifest.name.c_str();
        out.architecture = manifest.architecture.c_str();
        out.licence = manifest.licence.c_str();
        out.sha256 = bundle->sha256.c_str();
        for (const auto &[name, tensor] : bundle->bundle->file().tensors()) {
            ++out.tensor_count;
            out.tensor_bytes += tensor.bytes.size();
        }
        write_struct(info, out);
    });
}

const char *mirra_bundle_manifest_json(const mirra_bundle *bundle) {
    return bundle == nullptr ? "" : bundle->bundle->manifest_json().c_str();
}

mirra_status mirra_bundle_graph(const mirra_bundle *bundle, uint32_t index, mirra_graph_info *info,
                                mirra_error **error) {
    return guard(error, [&] {
        required(bundle, "bundle");
        check_struct(info, "info");
        const auto &graphs = bundle->bundle->manifest().graphs;
        const GraphStrings &strings = at(bundle->graphs, index, "graph");
        const auto &[name, graph] = *std::next(graphs.begin(), index);
        write_struct(info,
                     host::about_bundle(graph, [&] { return describe(name, graph, strings); }, bundle->path));
    });
}
}
