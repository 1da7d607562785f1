# Copies libraries under private names beside a runtime module, and binds the module to the copies.
add_executable(mirra-libtorch libtorch/main.cpp)
target_link_libraries(mirra-libtorch PRIVATE mirra_libtorch_names mirra_warnings)
install(TARGETS mirra-libtorch RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT libtorch)
mirra_install_man_page(${CMAKE_CURRENT_SOURCE_DIR}/libtorch/mirra-libtorch.1 libtorch)

# Its soname is the end of "libc.so.6", which the tables of names of all libraries hold.
add_library(mirra_libtorch_shim MODULE libtorch/shim.c)
target_link_libraries(mirra_libtorch_shim PRIVATE mirra_warnings)
target_link_options(mirra_libtorch_shim PRIVATE -Wl,-soname,c.so.6 -Wl,--hash-style=gnu)
set_target_properties(mirra_libtorch_shim PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/mirra)
install(TARGETS mirra_libtorch_shim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mirra COMPONENT libtorch)

# mirra_private_library(MODULE FOLDER COMPONENT COPY ORIGINAL SOURCE...): the copies lie in lib/mirra/FOLDER, COPY is the first of
# them and ORIGINAL what it is made of; SOURCE as `mirra-libtorch prepare` takes it.
function(mirra_private_library module folder component copy original)
    set(private ${PROJECT_BINARY_DIR}/lib/mirra/${folder})
    add_custom_command(OUTPUT ${private}/${copy}
        COMMAND mirra-libtorch prepare $<TARGET_FILE:mirra_libtorch_shim> ${private} ${ARGN}
        # The names of inner functions take 93 MB of LibTorch, and nothing reads them.
        COMMAND find ${private} -type f -exec ${CMAKE_STRIP} --strip-unneeded {} +
        DEPENDS mirra-libtorch mirra_libtorch_shim ${original}
        COMMENT "Copying libraries under private names to ${folder}" VERBATIM)
    add_custom_target(mirra_private_${folder} ALL DEPENDS ${private}/${copy})
    add_dependencies(${module} mirra_private_${folder})
    add_custom_command(TARGET ${module} POST_BUILD
        COMMAND mirra-libtorch bind $<TARGET_FILE:mirra_libtorch_shim> $<TARGET_FILE:${module}> ${ARGN} VERBATIM)
    set_target_properties(${module} PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/${folder}")
    install(DIRECTORY ${private} DESTINATION ${CMAKE_INSTALL_LIBDIR}/mirra COMPONENT ${component}
        FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()
