// The entry of a libFuzzer program: FUZZ_PARSER names the function of fuzz.h.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size);

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  fuzz::FUZZ_PARSER(std::as_bytes(std::span(data, size)));
  return 0;
}
