// What io/read_cairn.py makes of files: tests/io/second_reader.py, run over all of them in one process.
#pragma once

#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "described.h"
#include "temporary_folder.h"

#include <cairn/core/error.h>
#include <cairn/core/value.h>
#include <cairn/io/verify.h>

struct Opinion {
  std::string verdict;      ///< "whole", "readable" or "refused": see second_reader.py.
  std::string text_sha256;  ///< Of `text`.
  std::string file_sha256;
  std::string text;  ///< What the file holds, or why it is refused.
};

inline std::vector<Opinion> second_opinion(const std::vector<cairn::Bytes>& files) {
  const TemporaryFolder folder;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string bytes(reinterpret_cast<const char*>(files[i].data.data()), files[i].data.size());
    write_file(folder.file(std::to_string(100'000 + i)), bytes);
  }
  const std::string command =
      cairn::text(CAIRN_PYTHON, " ", CAIRN_SECOND_READER, " ", CAIRN_IO_FOLDER, " ", folder.path());
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  for (int c; (c = std::fgetc(pipe.get())) != EOF;) output += static_cast<char>(c);
  std::vector<Opinion> opinions;
  std::istringstream in(output);
  for (Opinion each;
       in >> each.verdict >> each.text_sha256 >> each.file_sha256 && in.ignore() && std::getline(in, each.text);)
    opinions.push_back(each);
  return opinions;
}

/// Runs `f`; empty where the file is refused.
template <class F>
std::string unless_refused(F&& f) {
  try {
    return f();
  } catch (const cairn::FormatError&) {
    return "";
  }
}

/// The library's opinion must be the other reader's, in each of its words.
inline void check_opinion(const cairn::Bytes& file, const Opinion& opinion) {
  const cairn::io::SourceReference source = cairn::io::memory_source(file.data);
  const bool whole = unless_refused([&] { return cairn::io::verify(source).empty() ? "whole" : ""; }) != "";
  CHECK((opinion.verdict == "whole") == whole);
  if (opinion.verdict == "whole")
    CHECK(opinion.text == unless_refused([&] { return described_values::described_states(file); }));
  if (opinion.verdict == "readable")
    CHECK(opinion.text == unless_refused([&] { return described_values::described_state(file); }));
}
