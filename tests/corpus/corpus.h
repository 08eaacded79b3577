// Small containers that must load for ever, and such as must be refused: what every reader of FORMAT.md is held
// against.
//
// Beside this lie the files, and corpus.txt: for each its name, what becomes of it (see tests/io/second_reader.py), the
// SHA-256 of what it holds, and why it is here. `accepted` and `refused` make them anew; a test compares. After a
// change of the cases, `cairn_io_test "[write_corpus]"` writes files and list.
#pragma once

#include <string>
#include <vector>

#include <cairn/core/value.h>

namespace corpus {

struct Case {
  std::string name;
  std::string verdict;  ///< "whole", "readable" or "refused"
  std::string what;     ///< Which features it shows, or why it is refused.
  cairn::Bytes bytes;
};

std::vector<Case> accepted();
std::vector<Case> refused();

}  // namespace corpus
