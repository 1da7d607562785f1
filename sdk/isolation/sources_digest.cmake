# Writes OUTPUT, a unit with a digest of the files that LIST names, one a line.
file(STRINGS ${LIST} files)
foreach(file ${files})
    file(SHA256 ${file} digest)
    string(APPEND all ${digest})
endforeach()
string(SHA256 digest "${all}")
file(WRITE ${OUTPUT} "#include \"sources_digest.hpp\"

const char *mirra::isolation::sources_digest() noexcept {
    return \"${digest}\";
}
")
