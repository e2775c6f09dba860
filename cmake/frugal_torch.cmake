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

# Torch names folders of an MKL that is not there (/lib/intel64), in which programs would then look for libraries.
if(TARGET caffe2::mkl AND NOT MKL_ROOT)
  set_property(TARGET caffe2::mkl PROPERTY INTERFACE_LINK_DIRECTORIES)
endif()

add_library(frugal_torch INTERFACE)
target_link_libraries(frugal_torch INTERFACE ${TORCH_LIBRARIES})
get_target_property(torch_includes torch INTERFACE_INCLUDE_DIRECTORIES)
target_include_directories(frugal_torch SYSTEM INTERFACE ${torch_includes})
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  # GCC 13 warns of copies out of bounds that are none, inlined from torch's own custom_function.h.
  target_compile_options(frugal_torch INTERFACE -Wno-array-bounds -Wno-stringop-overflow)
endif()

# torch/torch.h costs 13 s a file without a precompiled header, and 5 to 10 s a file that has no need of torch with
# it (measured), so those go without. A file that begins to include torch gets it at the next configuration.
function(frugal_torch_pch target)
  target_precompile_headers(${target} PRIVATE <torch/torch.h>)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(file ${source} ABSOLUTE)
    frugal_includes(${file} torch "[<\"](torch|ATen|c10)/" reaches)
    if(NOT reaches)
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
