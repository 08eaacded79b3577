// A file that appears whole or not at all.
//
//   create .NAME.cairn-tmp-0 (locked, mode 0600)  ─►  write  ─►  mode  ─►  sync  ─►  rename to NAME  ─►  sync folder
//
// Up to the rename the target is what it was; the rename replaces it at once; after the folder's sync it will survive a
// loss of power. Whatever fails, the temporary file goes. One that a killed process left behind is known by its name
// and by being locked no more: the next save of the same target removes it and takes the name. Of saves at the same
// time each takes the lowest number that is free, and looks at the next: no folder is searched, however full it is.
#pragma once

#include <functional>
#include <string>

#include <cairn/io/file_system.h>

namespace cairn::io {

/// Calls `write` with the new file and puts it in place of `path`. Throws IoError, and whatever `write` throws.
void replace_file(FileSystem& files, const std::string& path, bool synced,
                  const std::function<void(WritableFile&)>& write);

}  // namespace cairn::io
