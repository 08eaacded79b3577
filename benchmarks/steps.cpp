// Does a number of steps of one kind and nothing else, for those who count rather than time: `steps CASE WHAT COUNT
// INSTRUCTION_SET`. instructions.py runs it under valgrind.
#include <cairn/cairn.h>
#include <cairn/core/cpu/instruction_set.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "measure.h"
#include "mlp.h"

using namespace cairn;
using namespace benchmarks;

int main(int argc, char** argv) {
  try {
    check<ValueError>(argc == 5, "usage: steps CASE WHAT COUNT INSTRUCTION_SET");
    const auto sizes = std::ranges::find(mlp_cases, std::string(argv[1]), &MlpCase::name);
    check<ValueError>(sizes != mlp_cases.end(), "steps: there is no case ", argv[1]);
    check<ValueError>(std::ranges::find(mlp_works, std::string(argv[2])) != mlp_works.end(), "steps: there is no work ",
                      argv[2]);
    for (const InstructionSet set : {InstructionSet::baseline, InstructionSet::avx2, InstructionSet::avx512})
      if (name(set) == argv[4]) use_instruction_set(set);
    check<ValueError>(instruction_set() == argv[4], "steps: there is no instruction set ", argv[4]);
    manual_seed(0);
    const auto work = mlp_work(argv[2], *sizes, Mlp(*sizes), MlpData(*sizes), timing_lr);
    for (long left = std::stol(argv[3]); left > 0; --left) keep(work());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 2;
  }
}
