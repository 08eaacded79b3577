// tests/corpus: what two readers make of every file of it, and whether the files are those that its cases make.
#include "catch.h"

#include <cstdio>
#include <sstream>

#include "corpus.h"
#include "second_opinion.h"
#include "temporary_folder.h"
#include "values.h"

#include <cairn/io/io.h>

using namespace cairn;

namespace {

std::vector<corpus::Case> all_cases() {
  std::vector<corpus::Case> cases = corpus::accepted();
  for (corpus::Case& each : corpus::refused()) cases.push_back(std::move(each));
  return cases;
}

std::string path_of(const corpus::Case& each) {
  return std::string(CAIRN_CORPUS) + (each.verdict == "refused" ? "/refused/" : "/accepted/") + each.name + ".cairn";
}

/// A line of corpus.txt: name, verdict, SHA-256 of what it holds, and a remark.
std::string line_of(const corpus::Case& each, const Opinion& opinion) {
  return each.name + " " + each.verdict + " " + (each.verdict == "refused" ? "-" : opinion.text_sha256) + " " +
         each.what + "\n";
}

std::vector<Bytes> bytes_of(const std::vector<corpus::Case>& cases) {
  std::vector<Bytes> files;
  for (const corpus::Case& each : cases) files.push_back(each.bytes);
  return files;
}

}  // namespace

TEST_CASE("The corpus is what its cases make, and two readers judge it as its list says", "[io][corpus]") {
  const std::vector<corpus::Case> cases = all_cases();
  const std::vector<Opinion> opinions = second_opinion(bytes_of(cases));
  REQUIRE(opinions.size() == cases.size());
  std::string list;
  std::size_t refused = 0, size = 0;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(cases[i].name, cases[i].what, opinions[i].text);
    CHECK(opinions[i].verdict == cases[i].verdict);
    check_opinion(cases[i].bytes, opinions[i]);
    const std::string bytes = read_file(path_of(cases[i]));
    const auto written = std::as_bytes(std::span(bytes));
    CHECK(std::vector<std::byte>(written.begin(), written.end()) == cases[i].bytes.data);
    list += line_of(cases[i], opinions[i]);
    refused += cases[i].verdict == "refused";
    size += bytes.size();
  }
  CHECK(read_file(std::string(CAIRN_CORPUS) + "/corpus.txt") == list);
  CHECK(cases.size() >= 150);
  CHECK(refused >= 100);
  CHECK(size < 1'500'000);
}

TEST_CASE("Every file of the corpus that must be refused is refused by load or by verify, with a reason",
          "[io][corpus]") {
  for (const corpus::Case& each : corpus::refused()) {
    CAPTURE(each.name, each.what);
    std::string why;
    try {
      const auto damages = io::verify(io::memory_source(each.bytes.data));
      if (!damages.empty()) why = to_string(damages[0]);
    } catch (const FormatError& error) {
      why = error.message();
    }
    CHECK(why != "");
  }
}

TEST_CASE("The bytes that are written do not change by accident", "[io][corpus]") {
  Generator generator(3);
  const Tensor noise = rand({3 << 17}, {}, generator), weights = rand({3 << 17}, {}, generator) - 0.5;
  const struct {
    const char* what;
    Value value;
    io::Preset preset;
    const char* sha256;
  } cases[] = {
      {"raw", List{noise, numbered({30, 7}).t(), small_checkpoint()}, io::Preset::none,
       "37bfc9659bff076a159b3c839ceb8ceb493711e19c2e17935f49d4557dd35e06"},
      {"constant", List{full({3 << 18}, 1.5), zeros({100}, {.dtype = DType::int64}), numbered({5})}, io::Preset::fast,
       "102b1419fb2ac01923baa96cb28e04587f93b64b53e5b40adbccaa3b47807b80"},
      {"exponents", List{weights.to(DType::bfloat16), weights, weights.to(DType::complex64)}, io::Preset::fast,
       "e06f5130419719e47a6f733cadca4eaacb9d26f1ff5aec84dc5ddaad05becaaf"},
  };
  std::vector<Bytes> files;
  for (const auto& each : cases) files.push_back(io::save_to_memory(each.value, {.preset = each.preset}));
  const std::vector<Opinion> opinions = second_opinion(files);
  REQUIRE(opinions.size() == files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    CAPTURE(cases[i].what, opinions[i].text);
    CHECK(opinions[i].verdict == "whole");
    CHECK(opinions[i].file_sha256 == cases[i].sha256);
    const auto inspected = io::inspect(io::memory_source(files[i]));
    CHECK(inspected.tensors[0].codecs == std::vector<std::string>{cases[i].what});
  }
}

TEST_CASE("Write the corpus", "[.][write_corpus]") {
  const std::vector<corpus::Case> cases = all_cases();
  const std::vector<Opinion> opinions = second_opinion(bytes_of(cases));
  std::string list;
  for (std::size_t i = 0; i < cases.size(); ++i) {
    write_file(path_of(cases[i]),
               {reinterpret_cast<const char*>(cases[i].bytes.data.data()), cases[i].bytes.data.size()});
    list += line_of(cases[i], opinions[i]);
  }
  write_file(std::string(CAIRN_CORPUS) + "/corpus.txt", list);
}
