// How the pages of reports look.
#pragma once

#include "report/html.hpp"

namespace mirra::trainer {

/// The style sheet: light, for large screens, phones and paper.
Html page_style();

} // namespace mirra::trainer
