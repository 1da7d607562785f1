// Memory of a GPU that a run takes from LibTorch's allocator. The allocator tells a thread's profiler of each
// block, workspaces of cuDNN and cuBLAS included; here the arena is what listens.
#include "runtime/torch/device_arena.hpp"

#include "runtime/cuda/device_ledger.hpp"
#include "runtime/torch/arena.hpp"

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <utility>

namespace mirra::runtime {
namespace {

constexpr auto kKind = c10::DebugInfoKind::PROFILER_STATE;

thread_local bool t_uncounted = false;

class Listener final : public c10::MemoryReportingInfoBase {
  public:
    Listener(std::shared_ptr<cuda::DeviceLedger> ledger, Note note)
        : ledger_(std::move(ledger))
        , note_(std::move(note)) {}

    void reportMemoryUsage(void *block, std::int64_t bytes, std::size_t, std::size_t,
                           c10::Device device) override {
        if (device.is_cuda() && (bytes < 0 || !t_uncounted)) ledger_->changed(block, bytes);
    }
    [[nodiscard]] bool memoryProfilingEnabled() const override { return true; }
    [[nodiscard]] cuda::DeviceLedger &ledger() const { return *ledger_; }
    void note(const std::string &text) const {
        if (note_) note_(text);
    }

  private:
    const std::shared_ptr<cuda::DeviceLedger> ledger_;
    const Note note_;
};

class DeviceArena final : public Arena {
  public:
    DeviceArena(std::uint64_t limit, const Note &note)
        : ledger_(std::make_shared<cuda::DeviceLedger>(limit))
        , listener_(std::make_shared<Listener>(ledger_, note))
        , processor_(make_cpu_arena(0, 0)) {}

    [[nodiscard]] std::uint64_t peak_bytes() const override { return ledger_->peak_bytes(); }
    [[nodiscard]] std::uint64_t current_bytes() const override { return ledger_->current_bytes(); }
    void reserve(std::uint64_t bytes) override { ledger_->reserve(bytes); }
    [[nodiscard]] std::uint64_t idle_bytes() const override { return processor_->idle_bytes(); }
    void begin(std::uint64_t hold) override {
        ledger_->begin();
        processor_->begin(hold);
    }

    [[nodiscard]] const std::shared_ptr<Listener> &listener() const { return listener_; }
    [[nodiscard]] const std::shared_ptr<Arena> &processor() const { return processor_; }

  private:
    const std::shared_ptr<cuda::DeviceLedger> ledger_;
    const std::shared_ptr<Listener> listener_;
    const std::shared_ptr<Arena> processor_;
};

class DeviceArenaScope final : public ArenaScope {
  public:
    explicit DeviceArenaScope(const DeviceArena &arena)
        : processor_(enter_cpu_arena(arena.processor()))
        , listening_(kKind, arena.listener()) {}

  private:
    const std::unique_ptr<ArenaScope> processor_;
    const c10::DebugInfoGuard listening_;
};

/// Null: the calling thread is in no run on a GPU.
Listener *listener_here() {
    return dynamic_cast<Listener *>(c10::ThreadLocalDebugInfo::get(kKind));
}

} // namespace

std::shared_ptr<Arena> make_device_arena(std::uint64_t limit, const Note &note) {
    return std::make_shared<DeviceArena>(limit, note);
}

std::unique_ptr<ArenaScope> enter_device_arena(const std::shared_ptr<Arena> &arena) {
    const auto *ours = dynamic_cast<const DeviceArena *>(arena.get());
    return ours == nullptr ? nullptr : std::make_unique<DeviceArenaScope>(*ours);
}

UncountedMemory::UncountedMemory() noexcept : before_(std::exchange(t_uncounted, true)) {}

UncountedMemory::~UncountedMemory() {
    t_uncounted = before_;
}

void check_device_memory() {
    if (const auto *listener = listener_here()) listener->ledger().check();
}

bool take_device_memory(std::uint64_t holder, std::uint64_t bytes) {
    const auto *listener = listener_here();
    return listener == nullptr || listener->ledger().take(holder, bytes);
}

std::uint64_t room_for_device_memory() {
    const auto *listener = listener_here();
    return listener == nullptr ? UINT64_MAX : listener->ledger().room();
}

void note_of_run(const std::string &text) {
    if (const auto *listener = listener_here()) listener->note(text);
}

} // namespace mirra::runtime
