// Large blocks of memory in large pages.
//
// Memory comes in pages of 4 KiB, each fetched from the system when it is first touched: 1 GiB that way takes longer
// than reading a file of that size. Of 2 MiB pages there are 512 times fewer, and the processor finds them faster ever
// after. Linux gives them to whoever asks, if there are any; a block works the same without.
#pragma once

#include <cstddef>

namespace cairn {

/// Asks for huge pages in memory that has not been touched yet; for small blocks, and where a system has none, it does
/// nothing. Only pages that lie within the block become huge: none is touched that would not be otherwise.
void prefer_huge_pages(void* memory, std::size_t size) noexcept;

}  // namespace cairn
