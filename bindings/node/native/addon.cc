// The addon: what it gives to src/native.ts.

#include "handles.h"
#include "image.h"

namespace mirra_node {
namespace {

napi_value close(Js &js, const Arguments &values) {
    open_box(js, values[0]).close(js.env);
    return js.undefined();
}

napi_value set_error_class(Js &js, const Arguments &values) {
    environment(js.env).error_class = Reference(js, values[0]);
    return js.undefined();
}

napi_value pinning(Js &js, const Arguments &values) {
    mirra_node::set_pinning(js.to_boolean(values[0]));
    return js.undefined();
}

napi_value make_exports(Js &js, napi_value exports) {
    make_environment(js);
    std::vector<Export> all{exported<close>("close"), exported<set_error_class>("setErrorClass"),
                            exported<pinning>("setPinning")};
    for (const auto &part : {engine_exports(), session_exports(), bundle_exports(), picture_exports(),
                             tensor_exports(), run_exports()})
        all.insert(all.end(), part.begin(), part.end());
    for (const Export &one : all) {
        napi_value function = nullptr;
        js.check(napi_create_function(js.env, one.name, NAPI_AUTO_LENGTH, one.callback, nullptr, &function));
        js.set(exports, one.name, function);
    }
    return exports;
}

} // namespace
} // namespace mirra_node

NAPI_MODULE_INIT() {
    return mirra_node::guarded(
        env, [exports](mirra_node::Js &js) { return mirra_node::make_exports(js, exports); });
}
