// An object of the process's that is never destroyed, since plugins' threads may use it while the process
// ends. It lies in a namespace and is made as the library is loaded: in a function, a child of fork() could
// wait for ever for a thread of its parent's that was making it.
#pragma once

#include <cstddef>
#include <new>
#include <utility>

namespace mirra::host {

/// Lies where it is declared: making it takes no memory that could be missing.
template<class T> class Immortal {
  public:
    template<class... Arguments> explicit Immortal(Arguments &&...arguments) {
        object_ = new (place_) T(std::forward<Arguments>(arguments)...);
    }
    Immortal(const Immortal &) = delete;
    Immortal &operator=(const Immortal &) = delete;
    T &operator*() const noexcept { return *object_; }
    T *operator->() const noexcept { return object_; }

  private:
    alignas(T) std::byte place_[sizeof(T)];
    T *object_;
};

} // namespace mirra::host
