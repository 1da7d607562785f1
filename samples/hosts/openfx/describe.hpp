// What a host asks of an effect before there is an instance.
#pragma once

#include "filters.hpp"
#include "suites.hpp"

namespace mirra_openfx {

void describe(OfxImageEffectHandle effect, const mirra_filters::Filter &filter);
void describe_in_context(OfxImageEffectHandle effect, const mirra_filters::Filter &filter);

} // namespace mirra_openfx
