// The version comes from the project's CMakeLists.txt, so that it is said once.
#include <cairn/core/version.h>

namespace cairn {

std::string version() { return CAIRN_VERSION "+cpu"; }

}  // namespace cairn
