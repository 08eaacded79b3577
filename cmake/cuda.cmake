# Whether the CUDA backend is built, and by which nvcc.
#
#   CAIRN_CUDA=AUTO   where there is an nvcc that works, but not with sanitizers; the default
#   CAIRN_CUDA=ON     in any case: without one the configuration ends here, saying what is missing
#   CAIRN_CUDA=OFF    never; the default within another project
#
# nvcc is the one named by CMAKE_CUDA_COMPILER or the environment's CUDACXX, else that on PATH, in /usr/local/cuda, or in
# .cuda/toolkit, where `./dev build --cuda` puts one that it fetched. Only cuda/ is compiled by it; everything is linked as
# C++, and the tests that need no GPU run without a toolkit as well.
#
# Sets CAIRN_HAS_CUDA, CAIRN_CUDA_INCLUDE_DIR and CAIRN_CUDA_LIBRARY_DIR.
set(by_default OFF)
if(PROJECT_IS_TOP_LEVEL)
  set(by_default AUTO)
endif()
set(CAIRN_CUDA ${by_default} CACHE STRING "Build the CUDA backend: AUTO (where there is an nvcc), ON or OFF")
set_property(CACHE CAIRN_CUDA PROPERTY STRINGS AUTO ON OFF)
# Machine code for the generations 8 (A100, RTX 30 and 40) and 9 (H100, H200); later ones translate the PTX of 9 on first use.
set(CAIRN_CUDA_ARCHITECTURES 80-real 90-real 90-virtual CACHE STRING "GPU architectures, as CMAKE_CUDA_ARCHITECTURES takes them")

set(CAIRN_HAS_CUDA OFF)
if(CAIRN_CUDA STREQUAL "AUTO")
  if(CAIRN_SANITIZE)
    return()
  endif()
elseif(NOT CAIRN_CUDA)
  return()
endif()

if(NOT CMAKE_CUDA_COMPILER)
  unset(CMAKE_CUDA_COMPILER CACHE)  # an earlier search that found none
  if(NOT DEFINED ENV{CUDACXX})
    find_program(nvcc nvcc NO_CACHE PATHS /usr/local/cuda/bin ${PROJECT_SOURCE_DIR}/.cuda/toolkit/bin)
    if(nvcc)
      set(ENV{CUDACXX} ${nvcc})
    endif()
  endif()
  include(CheckLanguage)
  check_language(CUDA)
endif()
if(NOT CMAKE_CUDA_COMPILER)
  if(NOT CAIRN_CUDA STREQUAL "AUTO")
    message(FATAL_ERROR "CAIRN_CUDA is ON, and no nvcc was found that works (CMakeFiles/CMakeError.log in the build folder has "
      "the attempt). Run ./dev build --cuda, which fetches one, or name yours: -DCMAKE_CUDA_COMPILER=/path/to/nvcc")
  endif()
  return()
endif()

set(CMAKE_CUDA_ARCHITECTURES ${CAIRN_CUDA_ARCHITECTURES})
set(CMAKE_CUDA_RUNTIME_LIBRARY None)  # cuda/CMakeLists.txt links the static one by its path
enable_language(CUDA)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 has not heard of it
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 13)
  message(WARNING "${CMAKE_CUDA_COMPILER} is of CUDA ${CMAKE_CUDA_COMPILER_VERSION}; cuda/ is written for 13 and may not compile. "
    "-DCAIRN_CUDA=OFF leaves it out; CUDACXX names another nvcc")
endif()
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)

# PyPI's toolkit keeps its libraries in lib/, others in lib64/ or targets/.../lib.
list(GET CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES 0 CAIRN_CUDA_INCLUDE_DIR)
find_library(CAIRN_CUDART_STATIC cudart_static REQUIRED NO_DEFAULT_PATH
  PATHS ${CMAKE_CUDA_COMPILER_TOOLKIT_ROOT} ${CAIRN_CUDA_INCLUDE_DIR}/.. ${CMAKE_CUDA_HOST_IMPLICIT_LINK_DIRECTORIES}
  PATH_SUFFIXES lib64 lib "")
mark_as_advanced(CAIRN_CUDART_STATIC)
cmake_path(GET CAIRN_CUDART_STATIC PARENT_PATH CAIRN_CUDA_LIBRARY_DIR)
set(CAIRN_HAS_CUDA ON)
