#include <cairn/tools/terminal.h>

#include <sys/ioctl.h>
#include <unistd.h>

namespace cairn::tools {

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

int terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace cairn::tools
