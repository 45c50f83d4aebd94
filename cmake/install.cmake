# What `cmake --install` puts where. Everything is found relative to where it lies, so a prefix can be moved.

install(FILES include/sark.h bindings/cpp/include/sark.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY bindings/cpp/include/sark DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp")

set(sark_shared "libsark.so.${sark_soversion}")
install(FILES "${sark_libraries}/libsark.so" DESTINATION ${CMAKE_INSTALL_LIBDIR} RENAME ${sark_shared})
install(FILES "${sark_libraries}/libsark.a" DESTINATION ${CMAKE_INSTALL_LIBDIR})
# The name that linkers look for.
set(sark_link "${PROJECT_BINARY_DIR}/link/libsark.so")
file(MAKE_DIRECTORY "${PROJECT_BINARY_DIR}/link")
file(CREATE_LINK ${sark_shared} "${sark_link}" SYMBOLIC)
install(FILES "${sark_link}" DESTINATION ${CMAKE_INSTALL_LIBDIR})

set(sark_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/sark")
configure_package_config_file(
  cmake/sarkConfig.cmake.in "${PROJECT_BINARY_DIR}/sarkConfig.cmake"
  INSTALL_DESTINATION "${sark_package_dir}"
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/sarkConfigVersion.cmake" COMPATIBILITY SameMajorVersion)
install(FILES "${PROJECT_BINARY_DIR}/sarkConfig.cmake" "${PROJECT_BINARY_DIR}/sarkConfigVersion.cmake"
        DESTINATION "${sark_package_dir}")

# From lib/pkgconfig up to the prefix, however deep the library directory is.
file(RELATIVE_PATH sark_pc_prefix "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig" "${CMAKE_INSTALL_PREFIX}")
string(REGEX REPLACE "/$" "" sark_pc_prefix "${sark_pc_prefix}")
list(TRANSFORM sark_system_libraries PREPEND "-l" OUTPUT_VARIABLE sark_pc_private)
list(JOIN sark_pc_private " " sark_pc_private)
configure_file(cmake/sark.pc.in "${PROJECT_BINARY_DIR}/sark.pc" @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/sark.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
