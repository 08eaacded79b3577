// Adds two numbers on a GPU, or says why it cannot. With LINKED the backend is part of the program; otherwise the
// program's argument names the folder of the plug-in.
#include <cairn/core.h>

#include <iostream>
#ifdef LINKED
#include <cairn/cuda.h>
#endif

using namespace cairn;

int main(int argc, char** argv) {
  std::cout << "cpu: " << (ones({1}) + ones({1})).item() << std::endl;
  if (argc > 2) return 0;  // only to see how long a start takes
  try {
    if (argc > 1) load_backend(Device::Type::cuda, {argv[1]});
    const Tensor one = ones({1}, {.device = "cuda:0"});
    std::cout << "cuda:0: " << (one + one).item() << "\n";
  } catch (const DeviceError& error) {
    std::cout << "cuda:0: " << error.what() << "\n";
  }
}
