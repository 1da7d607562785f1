// Tables of the handles that plugins hold: numbers that say which entry is meant, and which of those that had
// that place. A handle that was made up, or whose object is gone, is told from one that is alive.
#include "plugin_handles.hpp"

#include "immortal.hpp"
#include "mirra/error.hpp"
#include "mirra/forks.hpp"

#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace mirra::host {

/// A context that a plugin may use.
struct LiveContext {
    mirra_context *context;
    std::thread::id thread; ///< that calls the plugin, and has entered the run's arena
    Gate gate;
};

namespace {

/// Thread-safe, and whole in a child of fork(). Handle is an opaque struct of the C interface, never looked
/// into.
template<class Handle, class Value> class HandleTable {
  public:
    /// @param first  of the generations; tables that start apart do not take each other's handles
    explicit HandleTable(std::uint32_t first) : first_(first) {}

    Handle *add(Value value) {
        const std::lock_guard lock(mutex_);
        if (free_.empty()) {
            // So that remove() needs no memory.
            if (free_.capacity() <= entries_.size()) free_.reserve(2 * entries_.size() + 8);
            entries_.push_back({first_, {}});
            free_.push_back(static_cast<std::uint32_t>(entries_.size() - 1));
        }
        const std::uint32_t index = free_.back();
        entries_[index].value.emplace(std::move(value));
        free_.pop_back();
        return encode(index, entries_[index].generation);
    }

    /// A copy of what the handle stands for.
    [[nodiscard]] std::optional<Value> find(const Handle *handle) const {
        const std::lock_guard lock(mutex_);
        const Entry *entry = look_up(handle);
        return entry == nullptr ? std::nullopt : entry->value;
    }

    /// Calls change(value) under the table's lock; whether there was such an entry.
    template<class Change> bool change(const Handle *handle, const Change &change) {
        const std::lock_guard lock(mutex_);
        auto *entry = const_cast<Entry *>(look_up(handle));
        if (entry != nullptr) change(*entry->value);
        return entry != nullptr;
    }

    /// Takes the entry out; the handle stands for nothing from then on.
    std::optional<Value> remove(const Handle *handle) noexcept {
        const std::lock_guard lock(mutex_);
        auto *entry = const_cast<Entry *>(look_up(handle));
        if (entry == nullptr) return std::nullopt;
        std::optional<Value> value = std::exchange(entry->value, std::nullopt);
        ++entry->generation;
        free_.push_back(static_cast<std::uint32_t>(entry - entries_.data()));
        return value;
    }

  private:
    struct Entry {
        std::uint32_t generation;
        std::optional<Value> value;
    };
    static constexpr unsigned kHalf = std::numeric_limits<std::uintptr_t>::digits / 2;
    static constexpr std::uintptr_t kMask = (std::uintptr_t{1} << kHalf) - 1;

    static Handle *encode(std::uint32_t index, std::uint32_t generation) {
        const std::uintptr_t number =
            (std::uintptr_t{generation} & kMask) << kHalf | (index + std::uintptr_t{1});
        return reinterpret_cast<Handle *>(number); // NOLINT(performance-no-int-to-ptr): never a pointer
    }

    [[nodiscard]] const Entry *look_up(const Handle *handle) const {
        const auto number = reinterpret_cast<std::uintptr_t>(handle);
        const std::uintptr_t place = (number & kMask) - 1;
        if ((number & kMask) == 0 || place >= entries_.size()) return nullptr;
        const Entry &entry = entries_[place];
        return entry.value && (entry.generation & kMask) == number >> kHalf ? &entry : nullptr;
    }

    const std::uint32_t first_;
    mutable ProcessMutex mutex_;
    std::vector<Entry> entries_;
    std::vector<std::uint32_t> free_;
};

struct HeldTensor {
    runtime::TensorPtr tensor;
    bool lent = false;     ///< the host's, to be used for the time of a call
    bool released = false; ///< by a plugin whose it was not
};

using TensorTable = HandleTable<mirra_tensor, HeldTensor>;
using ContextTable = HandleTable<mirra_context, std::shared_ptr<LiveContext>>;

const Immortal<TensorTable> kTensors(1U);
const Immortal<ContextTable> kContexts(std::uint32_t{1} << 30);

} // namespace

mirra_tensor *new_handle(runtime::TensorPtr tensor) {
    return kTensors->add({std::move(tensor)});
}

void release_handle(mirra_tensor *handle) noexcept {
    bool own = false;
    kTensors->change(handle, [&](HeldTensor &held) { held.lent ? held.released = true : own = true; });
    if (own) kTensors->remove(handle);
}

runtime::TensorPtr tensor_of(const mirra_tensor *handle) {
    if (handle == nullptr) return nullptr;
    auto found = kTensors->find(handle);
    if (found) return std::move(found->tensor);
    throw Error(ErrorCode::invalid_argument,
                "a plugin used a tensor that is none, or that it released or gave away before");
}

runtime::TensorPtr take_tensor(mirra_tensor *handle) {
    if (handle == nullptr) return nullptr;
    const auto found = kTensors->find(handle);
    if (found && found->lent)
        throw Error(ErrorCode::plugin, "gave its input as its output", {},
                    "It must give a handle of its own, made by tensor_retain.");
    auto taken = kTensors->remove(handle);
    if (!taken)
        throw Error(ErrorCode::plugin, "gave a tensor that is none, or that it released or gave away before",
                    {}, "A handle is given once; tensor_retain makes another one.");
    return std::move(taken->tensor);
}

LentTensor::LentTensor(runtime::TensorPtr tensor)
    : handle_(kTensors->add({std::move(tensor), true, false})) {}

LentTensor::~LentTensor() {
    kTensors->remove(handle_);
}

void LentTensor::check_kept(const std::string &what) const {
    const auto found = kTensors->find(handle_);
    if (found && found->released)
        throw Error(ErrorCode::plugin, what + " released its input, which is the host's");
}

ContextHandle::ContextHandle(mirra_context &context)
    : live_(std::make_shared<LiveContext>())
    , handle_(nullptr) {
    live_->context = &context;
    live_->thread = std::this_thread::get_id();
    handle_ = kContexts->add(live_);
    context.handle = handle_;
}

ContextHandle::~ContextHandle() {
    kContexts->remove(handle_);
    live_->gate.close();
}

OpenContext::OpenContext(mirra_context *handle) {
    if (handle == nullptr) return;
    auto found = kContexts->find(handle);
    if (!found || !(*found)->gate.enter())
        throw Error(ErrorCode::invalid_argument,
                    "a plugin used a context outside of the call that it came with");
    live_ = std::move(*found);
    const RunState *run = live_->context->run;
    if (run == nullptr || run->arena == nullptr || live_->thread == std::this_thread::get_id()) return;
    try {
        scope_ = live_->context->session->module().enter(run->arena);
    } catch (...) {
        live_->gate.leave();
        throw;
    }
}

OpenContext::~OpenContext() {
    scope_.reset();
    if (live_ != nullptr) live_->gate.leave();
}

mirra_context *OpenContext::get() const noexcept {
    return live_ == nullptr ? nullptr : live_->context;
}

} // namespace mirra::host
