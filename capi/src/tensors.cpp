// Sets of named tensors, and graphs run on them.
#include "handles.hpp"

#include "dlpack.hpp"
#include "immortal.hpp"
#include "mirra/forks.hpp"

namespace {

using namespace mirra;
using namespace mirra::capi;

host::GraphRunOptions to_options(const mirra_graph_options *given) {
    const auto options = read_struct_or_default(given, "options");
    check_reserved(options.reserved, "options.reserved");
    host::GraphRunOptions out;
    if (options.device != nullptr) out.device = options.device;
    out.precision = to_precision(options.precision);
    out.memory_limit = options.memory_limit;
    out.threads = options.threads;
    return out;
}

/// Held while the names of a set are made: one for all, since fork() takes care of it.
const host::Immortal<ProcessMutex> kNames;

/// @returns whether there was memory for it
bool name_all(const mirra_tensors &tensors) {
    return guard(nullptr, [&] {
               tensors.names.reserve(tensors.tensors.size());
               for (const auto &[name, tensor] : tensors.tensors) tensors.names.push_back(name.c_str());
           }) == MIRRA_OK;
}

} // namespace

extern "C" {

mirra_status mirra_tensors_create(mirra_tensors **tensors, mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        *tensors = std::make_unique<mirra_tensors>().release();
    });
}

mirra_status mirra_tensors_read(const char *path, mirra_tensors **tensors, mirra_error **error) {
    return guard(error, [&] {
        required(path, "path");
        required(tensors, "tensors");
        const auto file = bundle::TensorFile::open(path);
        auto made = std::make_unique<mirra_tensors>();
        for (const auto &[name, view] : file->tensors()) {
            made->tensors[name] =
                std::make_shared<host::HostTensor>(host::HostTensor{view.shape, bundle::to_float(view)});
        }
        *tensors = made.release();
    });
}

mirra_status mirra_tensors_write(const mirra_tensors *tensors, const char *path, mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        required(path, "path");
        std::map<std::string, bundle::TensorView> views;
        for (const auto &[name, tensor] : tensors->tensors) {
            views[name] = {bundle::DType::f32, tensor->shape, std::as_bytes(std::span(tensor->values))};
        }
        bundle::write_tensors(path, views);
    });
}

void mirra_tensors_destroy(mirra_tensors *tensors) {
    delete tensors;
}

mirra_status mirra_tensors_add(mirra_tensors *tensors, const char *name, const DLManagedTensor *tensor,
                               mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        required(name, "name");
        auto copy = std::make_shared<host::HostTensor>(host::from_dlpack(tensor, name));
        tensors->names.clear();
        tensors->tensors[name] = std::move(copy);
    });
}

uint32_t mirra_tensors_count(const mirra_tensors *tensors) {
    return tensors == nullptr ? 0 : static_cast<std::uint32_t>(tensors->tensors.size());
}

const char *mirra_tensors_name(const mirra_tensors *tensors, uint32_t index) {
    if (tensors == nullptr || index >= tensors->tensors.size()) return nullptr;
    const std::lock_guard lock(*kNames);
    if (tensors->names.empty() && !name_all(*tensors)) return nullptr;
    return tensors->names[index];
}

mirra_status mirra_tensors_get(const mirra_tensors *tensors, const char *name, DLManagedTensor **tensor,
                               mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        required(tensor, "tensor");
        const auto found = tensors->tensors.find(&required(name, "name"));
        if (found == tensors->tensors.end())
            throw Error(ErrorCode::not_found, "there is no tensor of this name", name);
        *tensor = host::to_dlpack(found->second);
    });
}

mirra_status mirra_graph_run(mirra_engine *engine, const mirra_bundle *bundle, const char *graph,
                             const mirra_graph_options *options, const mirra_tensors *inputs,
                             mirra_tensors **outputs, mirra_error **error) {
    return guard(error, [&] {
        required(engine, "engine");
        required(bundle, "bundle");
        required(graph, "graph");
        required(inputs, "inputs");
        required(outputs, "outputs");
        auto made = std::make_unique<mirra_tensors>();
        made->tensors =
            host::run_graph(engine->engine, bundle->bundle, graph, inputs->tensors, to_options(options));
        *outputs = made.release();
    });
}
}
