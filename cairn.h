// Everything Cairn has: tensors, modules, optimizers, files, training.
#pragma once

#include <cairn/core.h>
#include <cairn/io.h>
#include <cairn/nn.h>
#include <cairn/optim.h>
#include <cairn/train.h>
