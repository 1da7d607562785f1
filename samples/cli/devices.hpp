// The devices of an engine, as JSON and as lines.
#pragma once

#include "console.hpp"
#include "handles.hpp"

namespace mirra::cli {

/// How many devices a session's device is: "cuda:all" and lists are several.
std::size_t device_count(const Engine &engine, const std::string &device);

/// An array with an object for each device.
Json devices_json(const Engine &engine);
/// One of its objects for people: "cpu  AMD EPYC, 24.0 GB, fp32 bf16".
std::string device_line(const Json &device);

} // namespace mirra::cli
