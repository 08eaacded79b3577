# How a layer is built.
#
# cairn_layer(nn DEPENDS core HEADERS ... SOURCES ... PRIVATE_HEADERS ... LIBRARIES ...) builds the folder nn/ as the
# library Cairn::nn. Its headers are included as <cairn/nn/...>, and <cairn/nn.h> includes them all. A layer within a
# layer names its folder: cairn_layer(interop FOLDER io/interop ...) is Cairn::interop, <cairn/interop.h>.
#
# Every layer has an include root of its own, so a layer sees the headers of the layers it DEPENDS on and no others: an
# include that breaks the order of the layers does not compile. PRIVATE_HEADERS are seen inside the layer the same way and
# are not installed. LIBRARIES are third parties: linked privately, never seen by users of the layer; one that is headers
# only (Eigen) is not even needed by them. COLD names sources that run once a load, or when something is printed or fails:
# they are optimised for size, which a program that embeds Cairn pays for, and the others for speed.

# What everything of ours is compiled with. Contraction off: a fused multiply-add is written where it is meant, so that
# results do not depend on what a compiler chose to fuse. Sections: a program keeps only the functions it reaches.
add_library(cairn_compile_options INTERFACE)
target_compile_options(cairn_compile_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-ffp-contract=off;-ffunction-sections;-fdata-sections>)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 sees overlapping copies inside its own std::string where two texts are joined (GCC bugs 105329, 105651).
  target_compile_options(cairn_compile_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
endif()
target_compile_definitions(cairn_compile_options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(CAIRN_SANITIZE)
  add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${CAIRN_SANITIZE};-fno-sanitize-recover=all;-fno-omit-frame-pointer;-g>")
  add_link_options(-fsanitize=${CAIRN_SANITIZE})
endif()
if(CAIRN_FUZZ)
  # A kernel and the table it is called through name the same type in namespaces of their own (core/cpu/kernel.h).
  add_compile_options(-fsanitize=address,undefined -fno-sanitize=function -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  add_link_options(-fsanitize=address,undefined)
  if(CAIRN_FUZZ STREQUAL "passing")
    add_compile_definitions(CAIRN_FUZZ_CHECKSUMS_PASS)
  endif()
endif()

function(cairn_layer layer)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER" "DEPENDS;HEADERS;PRIVATE_HEADERS;SOURCES;COLD;LIBRARIES")
  if(NOT arg_FOLDER)
    set(arg_FOLDER ${layer})
  endif()
  set(root ${PROJECT_BINARY_DIR}/include/${layer})
  cmake_path(GET arg_FOLDER PARENT_PATH above)
  file(MAKE_DIRECTORY ${root}/cairn/${above})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${arg_FOLDER} ${root}/cairn/${arg_FOLDER} SYMBOLIC)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/${arg_FOLDER}/${layer}.h ${root}/cairn/${layer}.h SYMBOLIC)

  add_library(cairn_${layer} STATIC ${arg_SOURCES} ${arg_COLD})
  add_library(Cairn::${layer} ALIAS cairn_${layer})
  set_target_properties(cairn_${layer} PROPERTIES EXPORT_NAME ${layer})
  target_compile_features(cairn_${layer} PUBLIC cxx_std_20)
  if(CAIRN_FUZZ AND layer MATCHES "^(io|interop)$")
    target_compile_options(cairn_${layer} PRIVATE -fsanitize=fuzzer-no-link)  # what parses tells where it has been
  endif()
  target_include_directories(cairn_${layer} PUBLIC
    $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(dependency IN LISTS arg_DEPENDS)
    target_link_libraries(cairn_${layer} PUBLIC Cairn::${dependency})
  endforeach()
  target_link_libraries(cairn_${layer} PRIVATE $<BUILD_INTERFACE:cairn_compile_options>)
  # -O3, CMake's choice for a release, is for kernels: elsewhere it only adds size. A function begins at a cache line:
  # else the step of a tiny network takes 3 % more or less with every change of code elsewhere.
  target_compile_options(cairn_${layer} PRIVATE $<$<CONFIG:Release>:-O2> $<$<CONFIG:Release>:-falign-functions=64>)
  set_source_files_properties(${arg_COLD} PROPERTIES COMPILE_OPTIONS
    "$<$<CONFIG:Release>:-Os>;$<$<CONFIG:Release>:-fno-align-functions>")
  # What a program does not reach is left out of it.
  target_link_options(cairn_${layer} INTERFACE $<$<PLATFORM_ID:Linux>:LINKER:--gc-sections>)
  foreach(library IN LISTS arg_LIBRARIES)
    set(type "")
    if(TARGET ${library})
      get_target_property(type ${library} TYPE)
    endif()
    if(type STREQUAL INTERFACE_LIBRARY AND NOT library STREQUAL Threads::Threads)
      target_link_libraries(cairn_${layer} PRIVATE $<BUILD_INTERFACE:${library}>)
    else()
      target_link_libraries(cairn_${layer} PRIVATE ${library})
    endif()
  endforeach()

  if(NOT CAIRN_INSTALL)
    return()
  endif()
  install(TARGETS cairn_${layer} EXPORT Cairn ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  foreach(header IN LISTS arg_HEADERS)
    if(header STREQUAL "${layer}.h")
      install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cairn)
    else()
      cmake_path(GET header PARENT_PATH folder)
      install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/cairn/${arg_FOLDER}/${folder})
    endif()
  endforeach()
endfunction()
