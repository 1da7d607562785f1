// What the server answers.
#ifndef MIRRA_WEB_ROUTES_HPP_
#define MIRRA_WEB_ROUTES_HPP_

#include "guard.hpp"
#include "jobs.hpp"

#include <httplib.h>

namespace web {

/// Gives the server its answers. All arguments live longer than the server.
void add_routes(httplib::Server &server, const Guard &guard, const Workshop &shop, Jobs &jobs);

} // namespace web

#endif // MIRRA_WEB_ROUTES_HPP_
