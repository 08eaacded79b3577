// What people say about a file and its tensors, beside the state itself: a licence, a source, a unit.
//
//   io::save("run.cairn", value, {.attributes = {{.file = {{"licence", "MIT"}}, .tensors = {{"model.fc.weight",
//   {{"unit", "V"}}}}}}}); io::edit("run.cairn", attributes);      // a commit of some hundred bytes: no tensor is
//   written again
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <cairn/core/value.h>
#include <cairn/io/source.h>

namespace cairn::io {

struct Attributes {
  Dict file = {};                            ///< Of texts or integers to anything but tensors.
  std::map<std::string, Dict> tensors = {};  ///< By name, as `io::inspect` tells them.
  bool empty() const { return file.empty() && tensors.empty(); }
};

/// Those of the newest state. Throws FormatError and IoError as `open` does.
Attributes attributes(const std::string& path);
Attributes attributes(const SourceReference& source);

}  // namespace cairn::io
