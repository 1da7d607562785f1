# Copies LibTorch's libraries under private names beside the runtime module, and binds the module to the copies.
add_executable(mirra-libtorch libtorch/main.cpp)
target_link_libraries(mirra-libtorch PRIVATE mirra_libtorch_names mirra_warnings)

# Its soname is the end of "libc.so.6", which the tables of names of all libraries hold.
add_library(mirra_libtorch_shim MODULE libtorch/shim.c)
target_link_libraries(mirra_libtorch_shim PRIVATE mirra_warnings)
target_link_options(mirra_libtorch_shim PRIVATE -Wl,-soname,c.so.6 -Wl,--hash-style=gnu)
set_target_properties(mirra_libtorch_shim PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib/mirra)

set(private ${PROJECT_BINARY_DIR}/lib/mirra/libtorch)
set(source ${MIRRA_LIBTORCH}/lib ${MIRRA_TORCH_SIDE_LIBS})
add_custom_command(OUTPUT ${private}/mirtorch_cpu.so
    COMMAND mirra-libtorch prepare $<TARGET_FILE:mirra_libtorch_shim> ${private} ${source}
    # The names of its inner functions take 93 MB, and nothing reads them.
    COMMAND find ${private} -type f -exec ${CMAKE_STRIP} --strip-unneeded {} +
    DEPENDS mirra-libtorch mirra_libtorch_shim ${MIRRA_TORCH_CPU}
    COMMENT "Copying LibTorch's libraries under private names" VERBATIM)
add_custom_target(mirra_private_libtorch ALL DEPENDS ${private}/mirtorch_cpu.so)

target_compile_definitions(mirra_runtime_torch PRIVATE MIRRA_PRIVATE_LIBTORCH)
add_dependencies(mirra_runtime_torch mirra_private_libtorch)
add_custom_command(TARGET mirra_runtime_torch POST_BUILD
    COMMAND mirra-libtorch bind $<TARGET_FILE:mirra_libtorch_shim> $<TARGET_FILE:mirra_runtime_torch> ${source} VERBATIM)
set_target_properties(mirra_runtime_torch PROPERTIES BUILD_WITH_INSTALL_RPATH ON INSTALL_RPATH "$ORIGIN/libtorch")
install(TARGETS mirra-libtorch RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT tools)
install(TARGETS mirra_libtorch_shim LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/mirra COMPONENT runtime)
install(DIRECTORY ${private} DESTINATION ${CMAKE_INSTALL_LIBDIR}/mirra COMPONENT libtorch
    FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
