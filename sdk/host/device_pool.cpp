// Several GPUs as one device.
#include "device_pool.hpp"

#include "mirra/error.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

namespace mirra::host {
namespace {

constexpr std::string_view kPrefix = "cuda:";
/// Between two looks of one who waits.
constexpr std::chrono::milliseconds kLook{20};

[[noreturn]] void refuse(const std::string &pool, const std::string &why) {
    throw Error(ErrorCode::invalid_argument, "'" + pool + "' " + why, pool,
                "Write " + std::string(kAllGpus) + " for all GPUs, or their numbers: cuda:0,1.");
}

} // namespace

bool is_pool(std::string_view device) noexcept {
    return device == kAllGpus || (device.starts_with(kPrefix) && device.find(',') != std::string_view::npos);
}

std::vector<std::string> listed_devices(const std::string &pool) {
    std::vector<std::string> devices;
    std::istringstream list(pool.substr(kPrefix.size()) + ',');
    for (std::string part; std::getline(list, part, ',');) {
        if (part.starts_with(kPrefix)) part.erase(0, kPrefix.size());
        const bool number = !part.empty() && part.size() <= 4 &&
                            std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
        if (!number) refuse(pool, "is no list of GPUs");
        devices.push_back(std::string(kPrefix) + std::to_string(std::stoi(part)));
        if (std::ranges::count(devices, devices.back()) > 1) refuse(pool, "names a GPU twice");
    }
    return devices;
}

DeviceLoads::Load DeviceLoads::load(const std::string &device) const {
    const std::lock_guard lock(mutex_);
    const auto found = loads_.find(device);
    return found == loads_.end() ? Load{} : found->second;
}

std::string DeviceLoads::failure(const std::string &device) const {
    const std::lock_guard lock(mutex_);
    const auto found = failures_.find(device);
    return found == failures_.end() ? std::string() : found->second;
}

bool DeviceLoads::fail(const std::string &device, const std::string &reason) {
    const std::lock_guard lock(mutex_);
    return failures_.emplace(device, reason.empty() ? "it failed" : reason).second;
}

void DeviceLoads::begin(const std::string &device) {
    const std::lock_guard lock(mutex_);
    ++loads_[device].running;
    ++loads_[device].begun;
}

void DeviceLoads::end(const std::string &device) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto found = loads_.find(device); found != loads_.end()) --found->second.running;
}

DeviceTurns::DeviceTurns(std::vector<std::string> devices, std::shared_ptr<DeviceLoads> loads)
    : devices_(std::move(devices))
    , loads_(std::move(loads))
    , taken_(devices_.size()) {}

std::size_t DeviceTurns::best(const std::string &only, const std::vector<bool> &promised) const {
    std::size_t best = devices_.size();
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        if (taken_[i] || promised[i] || !loads_->failure(devices_[i]).empty()) continue;
        if (!only.empty() && devices_[i] != only) continue;
        if (best == devices_.size() || loads_->load(devices_[i]) < loads_->load(devices_[best])) best = i;
    }
    return best;
}

std::size_t DeviceTurns::turn_of(Line::const_iterator place) const {
    std::vector<bool> promised(devices_.size());
    for (auto each = line_.begin(); each != place; ++each)
        if (const std::size_t index = best(*each, promised); index < devices_.size()) promised[index] = true;
    return best(*place, promised);
}

void DeviceTurns::check_any_left(const std::string &only) const {
    std::string reasons;
    for (const std::string &device : devices_) {
        if (!only.empty() && device != only) continue;
        const std::string failure = loads_->failure(device);
        if (failure.empty()) return;
        reasons += (reasons.empty() ? "" : "; ") + device + ": " + failure;
    }
    const char *const which =
        only.empty() ? "all GPUs of the session have failed: " : "the GPU of the run's images has failed: ";
    throw Error(ErrorCode::device, which + reasons, "device",
                "Start the program again; where that does not help, see nvidia-smi and the system's log.");
}

DeviceTurns::Turn DeviceTurns::take(const std::function<void()> &look, const std::string &only) {
    std::unique_lock lock(mutex_);
    const auto place = line_.insert(line_.end(), only);
    const auto leave = [&] {
        line_.erase(place);
        freed_.notify_all();
    };
    try {
        for (;;) {
            check_any_left(only);
            if (const std::size_t index = turn_of(place); index < devices_.size()) {
                loads_->begin(devices_[index]);
                taken_[index] = true;
                leave();
                return {*this, index};
            }
            freed_.wait_for(lock, kLook);
            lock.unlock(); // the caller's function may take its time
            look();
            lock.lock();
        }
    } catch (...) {
        if (!lock.owns_lock()) lock.lock();
        leave();
        throw;
    }
}

void DeviceTurns::give_back(std::size_t index) noexcept {
    const std::lock_guard lock(mutex_);
    taken_[index] = false;
    loads_->end(devices_[index]);
    freed_.notify_all();
}

} // namespace mirra::host
