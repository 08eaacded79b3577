// Everything in core.
#pragma once

#include <cairn/core/autograd.h>
#include <cairn/core/deferred.h>
#include <cairn/core/device.h>
#include <cairn/core/devices.h>
#include <cairn/core/dtype.h>
#include <cairn/core/error.h>
#include <cairn/core/generator.h>
#include <cairn/core/hooks.h>
#include <cairn/core/name_pattern.h>
#include <cairn/core/ops.h>
#include <cairn/core/parallel.h>
#include <cairn/core/plugin.h>
#include <cairn/core/print.h>
#include <cairn/core/progress.h>
#include <cairn/core/random.h>
#include <cairn/core/shape.h>
#include <cairn/core/state_dict.h>
#include <cairn/core/state_dict_tools.h>
#include <cairn/core/stateful.h>
#include <cairn/core/tensor.h>
#include <cairn/core/update.h>
#include <cairn/core/value.h>
#include <cairn/core/version.h>
