# The third parties of the libraries: Debian 12's packages, found once for all layers. What only programs and tests need
# (CLI11, fmt, nlohmann/json, Catch2) is found where it is used.
#
#   Threads::Threads   core     parallel_for, sim
#   Eigen3::Eigen      core     kernels; headers only
#   xxHash::xxHash     io       checksums; headers only (XXH_INLINE_ALL)
#   zstd::libzstd      io       the codec
#   ZLIB::ZLIB         train    IDX files packed by gzip
list(APPEND CMAKE_MODULE_PATH ${CMAKE_CURRENT_LIST_DIR})
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(ZLIB REQUIRED)
find_package(zstd 1.5 MODULE REQUIRED)
find_package(xxHash 0.8 MODULE REQUIRED)
