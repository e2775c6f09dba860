// Precompiled for a tool of many subcommands: CLI11 and JSON cost seconds a file without it.
#include <CLI/CLI.hpp>

#include "core_headers.h"
