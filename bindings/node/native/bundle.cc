// Bundles.

#include "convert.h"
#include "handles.h"

#include <string>

namespace mirra_node {
namespace {

using Bundle = std::shared_ptr<mirra_bundle>;

Task bundle_open(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    const auto bundle = std::make_shared<Bundle>();
    return {[=] {
                *bundle = made<mirra_bundle>(
                    [&](auto out, auto error) { return api().mirra_bundle_open(path.c_str(), out, error); });
            },
            [=](Js &js) { return box(js, *bundle); }};
}

napi_value bundle_parse(Js &js, const Arguments &values) {
    const View view = to_view(js, values[0], "bytes");
    const std::string name = js.is_given(values[1]) ? js.to_text(values[1], "name") : "memory";
    return box(js, made<mirra_bundle>([&](auto out, auto error) {
                   return api().mirra_bundle_open_memory(view.data, view.bytes, name.c_str(), out, error);
               }));
}

napi_value bundle_info(Js &js, const Arguments &values) {
    const Bundle bundle = unbox<mirra_bundle>(js, values[0]);
    return to_object(js, filled<mirra_bundle_info>([&](auto out, auto error) {
                         return api().mirra_bundle_get_info(bundle.get(), out, error);
                     }));
}

napi_value bundle_manifest(Js &js, const Arguments &values) {
    return js.text(api().mirra_bundle_manifest_json(unbox<mirra_bundle>(js, values[0]).get()));
}

napi_value bundle_graph(Js &js, const Arguments &values) {
    const Bundle bundle = unbox<mirra_bundle>(js, values[0]);
    const auto index = js.to<std::uint32_t>(values[1], "index");
    return to_object(js, filled<mirra_graph_info>([&](auto out, auto error) {
                         return api().mirra_bundle_graph(bundle.get(), index, out, error);
                     }));
}

} // namespace

std::vector<Export> bundle_exports() {
    return {
        MIRRA_EXPORT_BOTH("bundleOpen", bundle_open), exported<bundle_parse>("bundleParse"),
        exported<bundle_info>("bundleInfo"),          exported<bundle_manifest>("bundleManifest"),
        exported<bundle_graph>("bundleGraph"),
    };
}

} // namespace mirra_node
