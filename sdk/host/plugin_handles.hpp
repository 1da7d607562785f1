// Tensors and contexts as plugins hold them: handles that are looked up, never pointers that are followed.
#pragma once

#include "c_error.hpp"
#include "gate.hpp"
#include "session_state.hpp"

#include <optional>
#include <tuple>

namespace mirra::host {

/// A handle that is the plugin's to release.
mirra_tensor *new_handle(runtime::TensorPtr tensor);
/// Takes null, and handles that are none or are the host's, of which nothing comes but that the host knows.
void release_handle(mirra_tensor *handle) noexcept;
/// Null for null. @throws Error invalid_argument for a handle of no tensor
runtime::TensorPtr tensor_of(const mirra_tensor *handle);
/// What a plugin gave, the host's from then on. Null for null. @throws Error plugin for a handle that is not
/// the plugin's to give
runtime::TensorPtr take_tensor(mirra_tensor *handle);

/// Lends a tensor to a plugin for the time of a call.
class LentTensor {
  public:
    explicit LentTensor(runtime::TensorPtr tensor);
    LentTensor(const LentTensor &) = delete;
    LentTensor &operator=(const LentTensor &) = delete;
    ~LentTensor();
    [[nodiscard]] mirra_tensor *handle() const noexcept { return handle_; }
    /// @throws Error plugin if the plugin released what is not its own
    void check_kept(const std::string &what) const;

  private:
    mirra_tensor *handle_;
};

struct LiveContext;

/// Hands a context to a plugin; at its end no thread of the plugin's is in a function of the host with it,
/// and none comes in any more.
class ContextHandle {
  public:
    explicit ContextHandle(mirra_context &context);
    ContextHandle(const ContextHandle &) = delete;
    ContextHandle &operator=(const ContextHandle &) = delete;
    ~ContextHandle();
    [[nodiscard]] mirra_context *handle() const noexcept { return handle_; }

  private:
    std::shared_ptr<LiveContext> live_;
    mirra_context *handle_;
};

/// A context for the time of one function of the host: alive, and with the run's arena entered, whatever
/// thread calls.
class OpenContext {
  public:
    /// Takes null. @throws Error invalid_argument for a handle of no context
    explicit OpenContext(mirra_context *handle);
    OpenContext(const OpenContext &) = delete;
    OpenContext &operator=(const OpenContext &) = delete;
    ~OpenContext();
    [[nodiscard]] mirra_context *get() const noexcept;

  private:
    std::shared_ptr<LiveContext> live_;
    std::unique_ptr<runtime::ArenaScope> scope_;
};

/// An argument as the host's functions take it: handles of tensors looked up, all else as it is.
template<class T> struct Opened {
    T value;
    T get() const { return value; }
};
template<> struct Opened<const mirra_tensor *> {
    std::optional<mirra_tensor> tensor;
    explicit Opened(const mirra_tensor *handle) {
        if (handle != nullptr) tensor.emplace(mirra_tensor{tensor_of(handle)});
    }
    [[nodiscard]] const mirra_tensor *get() const { return tensor ? &*tensor : nullptr; }
};

/// Stands in a plugin's table for a function of the host that works on what handles stand for.
template<auto Function, class Signature = decltype(Function)> struct Checked;

template<auto Function, class Result, class... Arguments>
struct Checked<Function, Result (*)(mirra_context *, Arguments...)> {
    using Last = std::tuple_element_t<sizeof...(Arguments), std::tuple<mirra_context *, Arguments...>>;

    static Result call(mirra_context *context, Arguments... arguments) {
        std::optional<Result> result;
        const auto on_opened = [&] {
            const OpenContext open(context);
            try {
                result = Function(open.get(), Opened<Arguments>(arguments).get()...);
            } catch (const std::bad_alloc &) { // of a function without a status: others have said so
                if (open.get() != nullptr) open.get()->out_of_memory = true;
                throw;
            }
        };
        if constexpr (std::is_same_v<Last, mirra_error **>) {
            const mirra_status opened =
                guard(std::get<sizeof...(Arguments) - 1>(std::tie(arguments...)), on_opened);
            return opened == MIRRA_OK ? *result : opened;
        } else { // gives no status: a handle of no context counts as none
            guard(nullptr, on_opened);
            return result ? *result : Function(nullptr, arguments...);
        }
    }
};

template<auto Function> inline constexpr auto checked = &Checked<Function>::call;

} // namespace mirra::host
