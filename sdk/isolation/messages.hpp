// What the two processes say to each other, as JSON. Reading throws Json::exception for what does not fit.
#pragma once

#include "channel.hpp"
#include "mirra/host.hpp"

// The types of the other rooms, as nlohmann::json finds them: all but functions and what is in memory.
namespace mirra::graph {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Halo, left, top, right, bottom, unbounded)
} // namespace mirra::graph

namespace mirra::runtime {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DeviceInfo, id, name, memory, precisions, usable, reason)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rect, x, y, width, height)
} // namespace mirra::runtime

namespace mirra::host {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(PluginRecord, path, id, version, reason, loaded, abi, task_count,
                                   taken_tasks)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RuntimeStatus, usable, path, version, reason, libtorch, libtorch_origin,
                                   libtorch_version, base_bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SessionOptions, task, bundle_path, quality, device, precision,
                                   memory_limit, threads, tile_size)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(GraphRunOptions, device, precision, memory_limit, threads)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, fits, tile_count, peak_bytes, base_bytes, required_bytes,
                                   memory_limit, tile_width, tile_height, alignment, halo, precision,
                                   output_width, output_height)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RunResult, device, precision_reason, precision, seconds, tile_count,
                                   peak_bytes, base_bytes, multiply_accumulates)
} // namespace mirra::host

namespace mirra::isolation {

using Values = std::map<std::string, host::Value>;

[[nodiscard]] Json encode(const host::TaskInfo &task);
[[nodiscard]] host::TaskInfo decode_task(const Json &in);
/// Parameters alone, into a task that has the rest.
[[nodiscard]] Json encode_params(const host::TaskInfo &task);
void decode_params(const Json &in, host::TaskInfo &task);
[[nodiscard]] Json encode(const Values &values);
[[nodiscard]] Values decode_values(const Json &in);
[[nodiscard]] Json encode(const host::Progress &progress);
/// The stage is one of those that there are.
[[nodiscard]] host::Progress decode_progress(const Json &in);
/// What an image is, without its pixels.
[[nodiscard]] Json encode(const image::ConstImageView &view);
/// @throws Gone for what is no image
[[nodiscard]] image::ImageView decode_view(const Json &in);

/// The error that is being handled.
[[nodiscard]] Json current_error();
/// Throws what current_error() has said.
[[noreturn]] void throw_error(const Json &in);

} // namespace mirra::isolation
