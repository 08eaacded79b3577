// What a mistyped key may have meant: for the errors of lookups.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cairn {

/// The number of letters to insert, remove or replace to make `b` of `a` (Levenshtein); texts are cut at 256 bytes.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name most like `wanted`, if one is close enough to be meant (a third of its letters differ at most); else empty.
/// The first of equally near ones.
std::string nearest(std::string_view wanted, std::span<const std::string> names);

/// What follows "no such key": "; the nearest is 'weight'", "; there are 'a', 'b' and 7 more", or "; there are none".
std::string describe_keys(std::string_view wanted, std::span<const std::string> names);

}  // namespace cairn
