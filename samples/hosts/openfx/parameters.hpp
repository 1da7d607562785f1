// Settings of a filter as parameters of an effect.
#pragma once

#include "filters.hpp"
#include "suites.hpp"

namespace mirra_openfx {

/// Whether the samples are linear light, which hosts do not say.
constexpr const char *kLinearLight = "mirra_linear_light";

/// Defines the parameters of all settings, and those of the adapter. @throws HostFailure
void define_parameters(OfxParamSetHandle parameters, const mirra_filters::Filter &filter);

/// What a person has set, at a time. @throws HostFailure
mirra_filters::Values values_of(OfxParamSetHandle parameters, const mirra_filters::Filter &filter,
                                OfxTime time);
/// Fields that do not count beside the others are gray. @throws HostFailure
void grey_what_does_not_count(OfxParamSetHandle parameters, const mirra_filters::Filter &filter);
bool is_linear(OfxParamSetHandle parameters, OfxTime time);

} // namespace mirra_openfx
