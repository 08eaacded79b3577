# What cmake --install puts under the prefix, so that others build against Cairn:
#
#   include/cairn/cairn.h, cairn/nn.h, cairn/nn/module.h, ...    lib/libcairn_core.a, libcairn_nn.a, ...    bin/cairn
#   lib/cmake/Cairn/    find_package(Cairn): targets Cairn::core, ::nn, ::optim, ::io, ::interop, ::train, and Cairn::cairn
#   lib/pkgconfig/      cairn.pc; cairn-interop.pc for the readers of other formats
#
# and, where the CUDA backend is built, Cairn::cuda with cairn/cuda.h and cairn-cuda.pc, and the plug-in,
# lib/cairn/libcairn_cuda.so. Both have what they need of CUDA in them.
#
#   share/cairn/gdb/    how gdb prints tensors
#
# Nothing under the prefix knows where it lies, so it can be moved.
include(CMakePackageConfigHelpers)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Cairn)
install(FILES ${PROJECT_SOURCE_DIR}/cairn.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cairn)
install(TARGETS cairn_umbrella EXPORT Cairn)
install(EXPORT Cairn NAMESPACE Cairn:: DESTINATION ${package} FILE CairnTargets.cmake)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/CairnConfig.cmake.in ${PROJECT_BINARY_DIR}/CairnConfig.cmake
  INSTALL_DESTINATION ${package} NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/CairnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/CairnConfig.cmake ${PROJECT_BINARY_DIR}/CairnConfigVersion.cmake
  ${CMAKE_CURRENT_LIST_DIR}/Findzstd.cmake DESTINATION ${package})

cmake_path(SET pkgconfig ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${pkgconfig} OUTPUT_VARIABLE prefix_from_pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE libdir_from_prefix)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
  OUTPUT_VARIABLE includedir_from_prefix)
set(pkgconfig_files cairn cairn-interop)
if(CAIRN_HAS_CUDA)
  list(APPEND pkgconfig_files cairn-cuda)
endif()
foreach(file IN LISTS pkgconfig_files)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${file}.pc.in ${PROJECT_BINARY_DIR}/${file}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${file}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(FILES ${PROJECT_SOURCE_DIR}/tools/gdb/cairn_printers.py DESTINATION ${CMAKE_INSTALL_DATADIR}/cairn/gdb)
