// Tables of the handles that plugins hold.
#include "plugin_handles.hpp"

#include "handle_table.hpp"
#include "immortal.hpp"
#include "mirra/error.hpp"

#include <thread>

namespace mirra::host {

/// A context that a plugin may use.
struct LiveContext {
    mirra_context *context;
    std::thread::id thread; ///< that calls the plugin, and has entered the run's arena
    Gate gate;
};

namespace {

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
        scope_ = live_->context->session->engine->module().enter(run->arena);
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
