#include "tensor.h"

#include "handles.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace mirra_node {
namespace {

using Tensors = std::shared_ptr<mirra_tensors>;

Tensors own_tensors(mirra_tensors *tensors) {
    return {tensors, api().mirra_tensors_destroy};
}

template<class Call> Tensors made_tensors(const Call &call) {
    mirra_tensors *tensors = nullptr;
    succeed([&](mirra_error **error) { return call(&tensors, error); });
    return own_tensors(tensors);
}

DLDataType data_type(Js &js, napi_value dtype, const View &view) {
    const auto bits = static_cast<std::uint8_t>(8 * element_size(view.type));
    switch (view.type) {
    case napi_float32_array:
    case napi_float64_array:
        return {kDLFloat, bits, 1};
    case napi_int8_array:
    case napi_int16_array:
    case napi_int32_array:
    case napi_bigint64_array:
        return {kDLInt, bits, 1};
    case napi_uint16_array: {
        const std::string name = js.is_given(dtype) ? js.to_text(dtype, "dtype") : "";
        if (name == "f16") return {kDLFloat, bits, 1};
        if (name == "bf16") return {kDLBfloat, bits, 1};
        return {kDLUInt, bits, 1};
    }
    default:
        return {kDLUInt, bits, 1};
    }
}

std::vector<std::int64_t> to_integers(Js &js, napi_value list, const char *what, std::int64_t least) {
    bool is_array = false;
    js.check(napi_is_array(js.env, list, &is_array));
    if (!is_array) throw invalid(what, "must be an array of whole numbers");
    std::vector<std::int64_t> result(js.length(list));
    if (result.size() > 16) throw invalid(what, "has too many dimensions");
    for (std::uint32_t i = 0; i < result.size(); ++i)
        result[i] = js.to_integer(js.get(list, i), what, least, INT64_MAX);
    return result;
}

/// Whether all elements, the strides counted in elements from the first, lie within the memory.
bool fits(const std::vector<std::int64_t> &shape, const std::vector<std::int64_t> &strides,
          std::int64_t elements) {
    if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return true;
    std::int64_t last = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        std::int64_t reach = 0;
        if (strides[i] < 0 || __builtin_mul_overflow(shape[i] - 1, strides[i], &reach) ||
            __builtin_add_overflow(last, reach, &last))
            return false;
    }
    return last < elements;
}

void add_all(Js &js, mirra_tensors &tensors, napi_value entries) {
    for (std::uint32_t i = 0, count = js.length(entries); i < count; ++i) {
        const napi_value pair = js.get(entries, i);
        const std::string name = js.to_text(js.get(pair, 0U), "name");
        const HeldTensor tensor(js, js.get(pair, 1U), name.c_str());
        succeed([&](mirra_error **error) {
            return api().mirra_tensors_add(&tensors, name.c_str(), tensor.get(), error);
        });
    }
}

/// A task whose work gives a set of tensors.
Task giving_tensors(std::function<Tensors()> work) {
    const auto result = std::make_shared<Tensors>();
    return {[=] { *result = work(); }, [=](Js &js) { return to_tensors(js, **result); }};
}

Task tensors_read(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    return giving_tensors([=] {
        return made_tensors(
            [&](auto out, auto error) { return api().mirra_tensors_read(path.c_str(), out, error); });
    });
}

napi_value tensors_parse(Js &js, const Arguments &values) {
    const View view = to_view(js, values[0], "bytes");
    const Tensors tensors = made_tensors([&](auto out, auto error) {
        return api().mirra_tensors_read_memory(view.data, view.bytes, out, error);
    });
    return to_tensors(js, *tensors);
}

Tensors to_set(Js &js, napi_value entries) {
    Tensors tensors =
        made_tensors([](auto out, auto error) { return api().mirra_tensors_create(out, error); });
    add_all(js, *tensors, entries);
    return tensors;
}

Task tensors_write(Js &js, const Arguments &values) {
    const std::string path = js.to_text(values[0], "path");
    const Tensors tensors = to_set(js, values[1]);
    return {[=] {
                succeed([&](mirra_error **error) {
                    return api().mirra_tensors_write(tensors.get(), path.c_str(), error);
                });
            },
            [](Js &js) { return js.undefined(); }};
}

napi_value tensors_serialize(Js &js, const Arguments &values) {
    const Tensors tensors = to_set(js, values[0]);
    void *bytes = nullptr;
    std::size_t size = 0;
    succeed([&](mirra_error **error) {
        return api().mirra_tensors_write_memory(tensors.get(), &bytes, &size, error);
    });
    const std::unique_ptr<void, void (*)(void *)> owner(bytes, api().mirra_memory_free);
    return js.buffer(bytes, size);
}

Task graph_run(Js &js, const Arguments &values) {
    const auto engine = unbox<mirra_engine>(js, values[0]);
    const auto bundle = unbox<mirra_bundle>(js, values[1]);
    const std::string graph = js.to_text(values[2], "graph");
    const Tensors inputs = to_set(js, values[3]);
    MIRRA_STRUCT(mirra_graph_options, options);
    std::string device;
    if (const napi_value given = values[4]; js.is_given(given)) {
        const auto number = [&](const char *name) { return js.get(given, name); };
        if (js.is_given(number("precision")))
            options.precision = js.to<std::int32_t>(number("precision"), "precision");
        if (js.is_given(number("memoryLimit")))
            options.memory_limit = js.to<std::uint64_t>(number("memoryLimit"), "memoryLimit");
        if (js.is_given(number("threads")))
            options.threads = js.to<std::int32_t>(number("threads"), "threads");
        if (js.is_given(number("device"))) device = js.to_text(number("device"), "device");
    }
    return giving_tensors([=]() mutable {
        if (!device.empty()) options.device = device.c_str();
        return made_tensors([&](auto out, auto error) {
            return api().mirra_graph_run(engine.get(), bundle.get(), graph.c_str(), &options, inputs.get(),
                                         out, error);
        });
    });
}

} // namespace

HeldTensor::HeldTensor(Js &js, napi_value value, const char *what) : tensor_{} {
    if (js.type(value) != napi_object) throw invalid(what, "must be a tensor: { data, shape }");
    const View view = to_view(js, js.get(value, "data"), what);
    shape_ = to_integers(js, js.get(value, "shape"), "shape", 0);
    if (const napi_value strides = js.get(value, "strides"); js.is_given(strides)) {
        strides_ = to_integers(js, strides, "strides", INT64_MIN);
    } else {
        std::int64_t step = 1;
        strides_.resize(shape_.size());
        for (std::size_t i = shape_.size(); i-- > 0;) {
            strides_[i] = step;
            if (__builtin_mul_overflow(step, std::max<std::int64_t>(shape_[i], 1), &step))
                throw invalid(what, "is too large");
        }
    }
    if (strides_.size() != shape_.size())
        throw invalid(what, "has another number of strides than dimensions");
    if (!fits(shape_, strides_, static_cast<std::int64_t>(view.bytes / element_size(view.type))))
        throw invalid(what, "has fewer values than its shape asks for");
    tensor_.data = view.data;
    tensor_.device = {kDLCPU, 0};
    tensor_.ndim = static_cast<std::int32_t>(shape_.size());
    tensor_.dtype = data_type(js, js.get(value, "dtype"), view);
    tensor_.shape = shape_.data();
    tensor_.strides = strides_.data();
}

napi_value to_tensors(Js &js, const mirra_tensors &tensors) {
    const std::uint32_t count = api().mirra_tensors_count(&tensors);
    napi_value entries = js.array(count);
    for (std::uint32_t i = 0; i < count; ++i) {
        const char *name = api().mirra_tensors_name(&tensors, i);
        DLManagedTensorVersioned *managed = nullptr;
        succeed([&](mirra_error **error) {
            return api().mirra_tensors_get_versioned(&tensors, name, &managed, error);
        });
        const std::unique_ptr<DLManagedTensorVersioned, void (*)(DLManagedTensorVersioned *)> owner(
            managed, [](DLManagedTensorVersioned *tensor) { tensor->deleter(tensor); });
        const DLTensor &view = managed->dl_tensor;
        std::size_t elements = 1;
        for (std::int32_t axis = 0; axis < view.ndim; ++axis)
            elements *= static_cast<std::size_t>(view.shape[axis]);
        void *data = nullptr;
        napi_value tensor = js.object(), pair = js.array(2);
        js.set(tensor, "data", js.typed_array(napi_float32_array, elements, &data));
        if (elements > 0)
            std::memcpy(data, static_cast<char *>(view.data) + view.byte_offset, elements * sizeof(float));
        js.set(tensor, "shape", js.numbers(view.shape, static_cast<std::uint32_t>(view.ndim)));
        js.set(pair, 0U, js.text(name));
        js.set(pair, 1U, tensor);
        js.set(entries, i, pair);
    }
    return entries;
}

std::vector<Export> tensor_exports() {
    return {
        MIRRA_EXPORT_BOTH("tensorsRead", tensors_read),  MIRRA_EXPORT_BOTH("tensorsWrite", tensors_write),
        MIRRA_EXPORT_BOTH("graphRun", graph_run),        exported<tensors_parse>("tensorsParse"),
        exported<tensors_serialize>("tensorsSerialize"),
    };
}

} // namespace mirra_node
