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

std::unique_ptr<mirra_tensors> tensors_of(const bundle::TensorFile &file) {
    auto made = std::make_unique<mirra_tensors>();
    for (const auto &[name, view] : file.tensors())
        made->tensors[name] =
            std::make_shared<host::HostTensor>(host::HostTensor{view.shape, bundle::to_float(view)});
    return made;
}

std::map<std::string, bundle::TensorView> views_of(const mirra_tensors &tensors) {
    std::map<std::string, bundle::TensorView> views;
    for (const auto &[name, tensor] : tensors.tensors)
        views[name] = {bundle::DType::f32, tensor->shape, std::as_bytes(std::span(tensor->values))};
    return views;
}

const std::shared_ptr<const host::HostTensor> &named(const mirra_tensors *tensors, const char *name) {
    required(tensors, "tensors");
    const auto found = tensors->tensors.find(&required(name, "name"));
    if (found == tensors->tensors.end())
        throw Error(ErrorCode::not_found, "the set has no tensor '" + std::string(name) + "'", name,
                    names_of(tensors->tensors));
    return found->second;
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
        *tensors = tensors_of(*bundle::TensorFile::open(path)).release();
    });
}

mirra_status mirra_tensors_read_memory(const void *bytes, size_t size, mirra_tensors **tensors,
                                       mirra_error **error) {
    return guard(error, [&] {
        const auto *first = static_cast<const std::byte *>(bytes);
        if (size > 0) required(first, "bytes");
        required(tensors, "tensors");
        if (size > kLargestBundle)
            throw Error(ErrorCode::limit,
                        "the tensors have " + std::to_string(size) + " bytes, which is too many", "size");
        *tensors = tensors_of(*bundle::TensorFile::parse({first, first + size}, "bytes")).release();
    });
}

mirra_status mirra_tensors_write(const mirra_tensors *tensors, const char *path, mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        required(path, "path");
        bundle::write_tensors(path, views_of(*tensors));
    });
}

mirra_status mirra_tensors_write_memory(const mirra_tensors *tensors, void **bytes, size_t *size,
                                        mirra_error **error) {
    return guard(error, [&] {
        required(tensors, "tensors");
        required(bytes, "bytes");
        required(size, "size");
        give_bytes(bundle::tensor_bytes(views_of(*tensors)), bytes, size);
    });
}

void mirra_tensors_destroy(mirra_tensors *tensors) {
    delete tensors;
}

mirra_status mirra_tensors_add(mirra_tensors *tensors, const char *name, const DLTensor *tensor,
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

mirra_status mirra_tensors_get_versioned(const mirra_tensors *tensors, const char *name,
                                         DLManagedTensorVersioned **tensor, mirra_error **error) {
    return guard(error, [&] {
        required(tensor, "tensor");
        *tensor = host::to_dlpack(named(tensors, name));
    });
}

mirra_status mirra_tensors_copy(const mirra_tensors *tensors, const char *name, DLManagedTensor **tensor,
                                mirra_error **error) {
    return guard(error, [&] {
        required(tensor, "tensor");
        *tensor = host::to_unversioned_dlpack(*named(tensors, name));
    });
}

mirra_status mirra_graph_work(const mirra_bundle *bundle, const char *graph, const mirra_tensors *inputs,
                              uint64_t *multiply_accumulates, mirra_error **error) {
    return guard(error, [&] {
        required(bundle, "bundle");
        required(graph, "graph");
        required(inputs, "inputs");
        required(multiply_accumulates, "multiply_accumulates");
        *multiply_accumulates = host::graph_work(*bundle->bundle, graph, inputs->tensors);
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
