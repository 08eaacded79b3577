// Runs a test on every instruction set that the machine has.
#pragma once

#include <cairn/core/cpu/instruction_set.h>

#include "catch.h"

/// Calls f() with each in use, one after the other; the one that was comes back, whatever happens.
template <class F>
void on_every_instruction_set(F&& f) {
  struct Restore {
    cairn::InstructionSet before = cairn::instruction_set_in_use();
    ~Restore() { cairn::use_instruction_set(before); }
  } restore;
  for (const cairn::InstructionSet set :
       {cairn::InstructionSet::baseline, cairn::InstructionSet::avx2, cairn::InstructionSet::avx512}) {
    if (!cairn::machine_has(set)) continue;
    cairn::use_instruction_set(set);
    CAPTURE(name(set));
    f();
  }
}
