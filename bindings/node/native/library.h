// libmirra, loaded when it is first called: the addon itself links to nothing but Node.
#pragma once

#define MIRRA_API
#include <mirra/mirra.h>

namespace mirra_node {

/// Says that the library has no function of that name. @throws Failure
[[noreturn]] void refuse_missing(const char *name);

template<class Signature> class Imported;
/// A function of the library, which may be older than this package.
template<class Result, class... Values> class Imported<Result(Values...)> {
  public:
    using Pointer = Result (*)(Values...);

    void set(const char *name, void *pointer) {
        name_ = name;
        pointer_ = reinterpret_cast<Pointer>(pointer);
    }
    operator Pointer() const { return pointer_; }
    /// @throws Failure where the library lacks it
    template<class... Given> Result operator()(Given... values) const {
        if (pointer_ == nullptr) refuse_missing(name_);
        return pointer_(values...);
    }

  private:
    const char *name_ = nullptr;
    Pointer pointer_ = nullptr;
};

/// Every function of mirra.h under its own name.
struct Api {
#define MIRRA_FUNCTION(name) Imported<decltype(::name)> name;
#include "generated/functions.inc"
#undef MIRRA_FUNCTION
};

/// The library of $MIRRA_PREFIX, else of where pkg-config found it in the build, else of the system's loader.
/// It stays loaded. @throws Failure if there is none
const Api &api();

} // namespace mirra_node
