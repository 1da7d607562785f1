// The files of the page, which are a part of the program.
#ifndef MIRRA_WEB_PAGE_HPP_
#define MIRRA_WEB_PAGE_HPP_

#include <string>
#include <vector>

namespace web {

struct PageFile {
    std::string name;   ///< "app.js"
    std::string ending; ///< ".js"
    std::string text;
};

const std::vector<PageFile> &page_files();

} // namespace web

#endif // MIRRA_WEB_PAGE_HPP_
