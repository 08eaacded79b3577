// Everything in train.
#pragma once

#include <cairn/train/checkpoint.h>
#include <cairn/train/cnn.h>
#include <cairn/train/csv.h>
#include <cairn/train/data_loader.h>
#include <cairn/train/dataset.h>
#include <cairn/train/drawn_digits.h>
#include <cairn/train/idx.h>
#include <cairn/train/models.h>
#include <cairn/train/resnet18.h>
#include <cairn/train/trainer.h>
#include <cairn/train/transforms.h>
