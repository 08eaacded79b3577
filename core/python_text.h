// Numbers and texts spelled as Python's repr spells them, and what is text at all.
#pragma once

#include <string>
#include <string_view>

namespace cairn {

/// The shortest digits that read back as the same number: "0.1", "1e-08", "1.0", "nan", "inf".
std::string python_float(double value);

/// As a C++ stream writes it, which texts that come from PyTorch's C++ sources show: "0.1", "1", "inf".
std::string stream_float(double value);

/// A text in quotes: 'it\'s' prints as "it's". What is not UTF-8 is escaped byte by byte as \xNN.
std::string python_text(std::string_view text);

/// Whether bytes are UTF-8: no overlong form, no surrogate, nothing above U+10FFFF (RFC 3629).
bool is_utf8(std::string_view text);

/// Bytes as a literal: b'\x00abc'.
std::string python_bytes(std::string_view bytes);

}  // namespace cairn
