// What a run gave besides images.
#include "handles.hpp"

#include "value.hpp"

using namespace mirra;
using namespace mirra::capi;

extern "C" {

mirra_status mirra_result_get_info(const mirra_result *result, mirra_result_info *info, mirra_error **error) {
    return guard(error, [&] {
        const host::RunResult &run = *required(result, "result").result;
        check_struct(info, "info");
        mirra_result_info out{};
        out.precision = static_cast<std::int32_t>(run.precision);
        out.device = run.device.c_str();
        out.precision_reason = run.precision_reason.c_str();
        out.seconds = run.seconds;
        out.tile_count = run.tile_count;
        out.peak_bytes = run.peak_bytes;
        out.base_bytes = run.base_bytes;
        out.value_count = static_cast<std::uint32_t>(run.values.size());
        out.tensor_count = static_cast<std::uint32_t>(run.tensors.size());
        out.multiply_accumulates = run.multiply_accumulates;
        write_struct(info, out);
    });
}

mirra_status mirra_result_value(const mirra_result *result, uint32_t index, const char **name,
                                mirra_value *value, mirra_error **error) {
    return guard(error, [&] {
        const auto &values = required(result, "result").result->values;
        check_struct(value, "value");
        check_index(values.size(), index, "value");
        const auto &[key, held] = *std::next(values.begin(), index);
        if (name != nullptr) *name = key.c_str();
        write_struct(value, host::to_c(held));
    });
}

mirra_status mirra_result_find(const mirra_result *result, const char *name, mirra_value *value,
                               mirra_error **error) {
    return guard(error, [&] {
        const auto &values = required(result, "result").result->values;
        check_struct(value, "value");
        const auto found = values.find(&required(name, "name"));
        if (found == values.end())
            throw Error(ErrorCode::not_found, "the result has no value '" + std::string(name) + "'", name,
                        names_of(values));
        write_struct(value, host::to_c(found->second));
    });
}

mirra_status mirra_result_tensors(const mirra_result *result, mirra_tensors **tensors, mirra_error **error) {
    return guard(error, [&] {
        const auto &given = required(result, "result").result->tensors;
        required(tensors, "tensors");
        auto made = std::make_unique<mirra_tensors>();
        for (const auto &[name, tensor] : given)
            made->tensors[name] = std::make_shared<host::HostTensor>(tensor);
        *tensors = made.release();
    });
}

void mirra_result_destroy(mirra_result *result) {
    delete result;
}
}
