// What the operating system says about the terminal: the only file of the program that asks it.
#pragma once

namespace cairn::tools {

bool stderr_is_terminal();
int terminal_columns();  ///< Of stderr; 80 where that cannot be told.

}  // namespace cairn::tools
