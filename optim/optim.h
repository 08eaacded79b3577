// Everything in optim.
#pragma once

#include <cairn/optim/adam.h>
#include <cairn/optim/optimizer.h>
#include <cairn/optim/parameter_list.h>
#include <cairn/optim/sgd.h>
