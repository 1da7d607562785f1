// A value of a plain type for JavaScript.
#pragma once

#include "js.h"
#include "library.h"

namespace mirra_node {

inline napi_value to_value(Js &js, const mirra_value &value) {
    switch (value.type) {
    case MIRRA_TYPE_BOOL:
        return js.boolean(value.integer != 0);
    case MIRRA_TYPE_INT:
        return js.integer(value.integer);
    case MIRRA_TYPE_FLOAT:
        return js.number(value.real);
    default:
        return js.text(value.text);
    }
}

} // namespace mirra_node
