// Rows of text in aligned columns.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::tools {

enum class Align { left, right };

/// The rows, one a line, columns two spaces apart and each as wide as its widest cell; the first row is the heading. A
/// column that is empty but for its heading is left out. Widths count characters of UTF-8, not bytes.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::vector<Align>& columns);

std::string bytes_text(std::uint64_t bytes);  ///< "512 B", "9.6 KiB", "1.0 GiB"

}  // namespace cairn::tools
