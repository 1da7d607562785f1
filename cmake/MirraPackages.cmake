# Packages by CPack: a tarball of all, and a .deb of each component.
#   MIRRA_DEB              the paths and the files that Debian wants; the preset `deb` sets it, together with the prefix /usr
#   MIRRA_DEB_ADAPTERS     the adapters of samples/hosts that become packages
#   MIRRA_PACKAGE_CONTACT  who answers for the packages, which is for whoever makes them to say
set(MIRRA_PACKAGE_CONTACT "" CACHE STRING "Who maintains the packages: Name <address>")
if(MIRRA_DEB AND NOT MIRRA_PACKAGE_CONTACT MATCHES "^[^<>]+ <[^<> ]+@[^<> ]+>$")
    message(FATAL_ERROR "MIRRA_PACKAGE_CONTACT=\"${MIRRA_PACKAGE_CONTACT}\" is not of the form \"Name <address>\": set it to the maintainer of the packages")
endif()
set(MIRRA_DEB_VERSION ${PROJECT_VERSION}-1)
set(package_sources ${PROJECT_SOURCE_DIR}/cmake/packages)
set(package_components "")

# The documents that Debian wants of a package: copyright, with the texts of LICENCES behind it, and changelog.
function(mirra_debian_documents component package licences)
    set(folder ${PROJECT_BINARY_DIR}/packages/${package})
    set(documents ${CMAKE_INSTALL_DATADIR}/doc/${package})
    string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC)
    configure_file(${package_sources}/changelog.in ${folder}/changelog @ONLY)
    mirra_compressed(${folder}/changelog ${folder}/changelog.Debian.gz)
    configure_file(${package_sources}/copyright ${folder}/copyright COPYONLY)
    if(EXISTS ${package_sources}/${package}.copyright)
        configure_file(${package_sources}/${package}.copyright ${folder}/copyright COPYONLY)
    endif()
    foreach(licence ${licences})
        file(READ ${licence} text)
        file(APPEND ${folder}/copyright "\n${text}")
    endforeach()
    install(FILES ${folder}/changelog.Debian.gz ${folder}/copyright DESTINATION ${documents} COMPONENT ${component})
    if(EXISTS ${package_sources}/${package}.lintian)
        install(FILES ${package_sources}/${package}.lintian DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
            RENAME ${package} COMPONENT ${component})
    endif()
endfunction()

# mirra_package(COMPONENT PACKAGE SECTION DESCRIPTION [FIELD VALUE...]...): the component becomes a .deb of this name. The
# description's first line is its summary. COMPONENTS names the components that it needs in the same version, LICENCES files for
# its copyright; every other field is Debian's of that name.
function(mirra_package component package section description)
    set(fields ARCHITECTURE DEPENDS RECOMMENDS SUGGESTS ENHANCES CONTROL_EXTRA)
    cmake_parse_arguments(PARSE_ARGV 4 ARG "" "" "COMPONENTS;LICENCES;${fields}")
    string(TOUPPER ${component} upper)
    set(package_components ${package_components} ${component} PARENT_SCOPE)
    set(CPACK_COMPONENT_${upper}_DEPENDS ${ARG_COMPONENTS} PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${package} PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_DESCRIPTION "${description}" PARENT_SCOPE)
    foreach(field ${fields})
        if(ARG_${field})
            set(CPACK_DEBIAN_${upper}_PACKAGE_${field} "${ARG_${field}}" PARENT_SCOPE)
        endif()
    endforeach()
    if(MIRRA_DEB)
        mirra_debian_documents(${component} ${package} "${ARG_LICENCES}")
    endif()
endfunction()

# mirra_adapter(NAME PACKAGE SECTION DESCRIPTION [FIELD VALUE...]...): a package of the adapter in samples/hosts/NAME, which is
# built in the folder NAME of this build.
macro(mirra_adapter name)
    if(${name} IN_LIST MIRRA_DEB_ADAPTERS)
        install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND \"${CMAKE_COMMAND}\" --install \"${PROJECT_BINARY_DIR}/${name}\"
            --prefix \"\${CMAKE_INSTALL_PREFIX}\" --strip)" COMPONENT ${name} EXCLUDE_FROM_ALL)
        mirra_package(${name} ${ARGN} COMPONENTS ${running} RECOMMENDS ${networks})
    endif()
endmacro()

# What runs networks here, and what the other networks come with.
set(running runtime)
if(NOT MIRRA_ONEDNN)
    list(APPEND running libtorch)
endif()
set(networks "mirra-networks (= ${MIRRA_DEB_VERSION})")
set(CPACK_PACKAGE_CONTACT "${MIRRA_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_FILE_NAME mirra-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_NAME} built using CMake") # CPack's own words: else it puts them before each description
set(CPACK_STRIP_FILES ON)
set(CPACK_THREADS 0)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE mirra)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib ${PROJECT_BINARY_DIR}/lib/mirra/onednn
    ${PROJECT_BINARY_DIR}/lib/mirra/libtorch)

if(MIRRA_DEB)
    mirra_compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${PROJECT_BINARY_DIR}/packages/changelog.gz)
    install(FILES ${PROJECT_BINARY_DIR}/packages/changelog.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libmirra1 COMPONENT runtime)
else()
    # The archive: one piece, without what only trainings need.
    set(CPACK_MONOLITHIC_INSTALL ON)
    foreach(component ${running} networks dev tools)
        list(APPEND CPACK_INSTALL_CMAKE_PROJECTS ${PROJECT_BINARY_DIR} ${PROJECT_NAME} ${component} /)
    endforeach()
endif()
include(${package_sources}/packages.cmake)
set(CPACK_COMPONENTS_ALL ${package_components})
include(CPack)
