// Everything in io/interop.
#pragma once

#include <cairn/io/interop/safetensors.h>
