#include <dlfcn.h>

#include <cairn/cuda/errors.h>
#include <cairn/cuda/library.h>

namespace cairn::cuda {
namespace {

std::string reason() {
  const char* const error = dlerror();
  return error ? error : "no reason given";
}

/// Of the plug-in, or of the program that this is linked into.
std::string own_folder() {
  static const char here = 0;
  Dl_info found = {};
  if (!dladdr(&here, &found) || !found.dli_fname) return ".";
  const std::string file = found.dli_fname;
  const std::size_t slash = file.rfind('/');
  return slash == std::string::npos ? "." : file.substr(0, slash);
}

}  // namespace

Library::Library(const char* name, const char* way_out) : handle_(dlopen(name, RTLD_NOW | RTLD_LOCAL)), name_(name) {
  if (handle_) return;
  const std::string why = reason(), folder = own_folder();
  handle_ = dlopen((folder + "/" + name).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle_)
    throw Failure{Status::failed, name_ +
                                      " cannot be opened. It was looked for in the folders of LD_LIBRARY_PATH, in the "
                                      "system's, and in " +
                                      folder + "; the loader says: " + why + ". " + way_out};
}

void* Library::address_of(const char* name) const {
  void* const address = dlsym(handle_, name);
  if (!address) throw Failure{Status::failed, name_ + " has no function " + name + ": " + reason()};
  return address;
}

}  // namespace cairn::cuda
