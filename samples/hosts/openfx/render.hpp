// What a host asks of an instance.
#pragma once

#include "filters.hpp"
#include "suites.hpp"

namespace mirra_openfx {

/// As parameters are set, some others do not count.
void grey_what_does_not_count(OfxImageEffectHandle effect, const mirra_filters::Filter &filter);
/// The part of the source that a part of the output depends on.
void regions_of_interest(OfxImageEffectHandle effect, mirra_filters::Filters &filters,
                         const mirra_filters::Filter &filter, const Properties &in, const Properties &out);
/// Fills the render window of the output. An aborted one is left as it is.
void render(OfxImageEffectHandle effect, mirra_filters::Filters &filters, const mirra_filters::Filter &filter,
            const Properties &in);

} // namespace mirra_openfx
