// Shared libraries opened at run time.
#pragma once

#include <string>

namespace cairn::cuda {

/// A library, opened for as long as the process.
class Library {
 public:
  /// Looks where the system's loader looks, then beside this backend. Throws Failure with the loader's reason and
  /// `way_out`.
  Library(const char* name, const char* way_out);

  /// Sets `function` to the one of this name; throws Failure when there is none.
  template <class Function>
  void find(Function*& function, const char* name) const {
    function = reinterpret_cast<Function*>(address_of(name));
  }

 private:
  void* address_of(const char* name) const;

  void* handle_;
  std::string name_;
};

}  // namespace cairn::cuda
