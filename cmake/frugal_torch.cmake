# LibTorch: an existing one through Torch_DIR or CMAKE_PREFIX_PATH, else the wheel that scripts/setup put
# into .deps/torch. Gives the target frugal_torch, with torch/torch.h as its precompiled header.

if(NOT Torch_DIR AND EXISTS ${CMAKE_SOURCE_DIR}/.deps/torch/torch/share/cmake/Torch)
  list(APPEND CMAKE_PREFIX_PATH ${CMAKE_SOURCE_DIR}/.deps/torch/torch)
endif()
find_package(Torch QUIET)
if(NOT Torch_FOUND)
  message(FATAL_ERROR "LibTorch was not found. Run scripts/setup, or give -DTorch_DIR=<libtorch>/share/cmake/Torch, "
                      "or build the torch-free part alone with -DFRUGAL_LEARN=OFF.")
endif()

add_library(frugal_torch INTERFACE)
target_link_libraries(frugal_torch INTERFACE ${TORCH_LIBRARIES})
get_target_property(torch_includes torch INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(frugal_torch SYSTEM INTERFACE ${torch_includes})

# torch/torch.h costs 13 s a file without it.
function(frugal_torch_pch target)
  target_precompile_headers(${target} PRIVATE <torch/torch.h>)
endfunction()
