// Everything in io.
#pragma once

#include <cairn/io/append.h>
#include <cairn/io/attributes.h>
#include <cairn/io/file_system.h>
#include <cairn/io/inspect.h>
#include <cairn/io/limits.h>
#include <cairn/io/load.h>
#include <cairn/io/location.h>
#include <cairn/io/salvage.h>
#include <cairn/io/save.h>
#include <cairn/io/save_async.h>
#include <cairn/io/sink.h>
#include <cairn/io/source.h>
#include <cairn/io/verify.h>
