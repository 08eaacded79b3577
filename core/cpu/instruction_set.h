// Which instructions the CPU's kernels use: chosen once, by what the machine has.
#pragma once

#include <string_view>

namespace cairn {

enum class InstructionSet { baseline, avx2, avx512 };

std::string_view name(InstructionSet set);
bool machine_has(InstructionSet set);

/// The one in use: the best the machine has. A test may choose another for its process, before or between operations.
InstructionSet instruction_set_in_use();
void use_instruction_set(InstructionSet set);  ///< Throws DeviceError if the machine does not have it.

}  // namespace cairn
