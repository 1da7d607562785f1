# Writes the files FILES as texts into the C++ source OUTPUT.
set(text "// Written by embed.cmake.\n#include \"page.hpp\"\n\nnamespace web {\n\nconst std::vector<PageFile> &page_files() {\n")
string(APPEND text "    static const std::vector<PageFile> files{\n")
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME)
    get_filename_component(ending ${file} EXT)
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    # A literal of more than 64 KB is not portable: lines of 64 bytes, joined by the compiler.
    string(REGEX REPLACE "(................................................................)" "\\1\"\n         \"" bytes "${bytes}")
    string(APPEND text "        {\"${name}\", \"${ending}\",\n         \"${bytes}\"},\n")
endforeach()
string(APPEND text "    };\n    return files;\n}\n\n} // namespace web\n")
file(WRITE ${OUTPUT} "${text}")
