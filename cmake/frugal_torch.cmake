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
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  # GCC 13 warns of copies out of bounds that are none, inlined from torch's own custom_function.h.
  target_compile_options(frugal_torch INTERFACE -Wno-array-bounds -Wno-stringop-overflow)
endif()

# Whether a source includes torch, itself or through our headers; each file is read once.
function(frugal_includes_torch file result)
  get_property(known GLOBAL PROPERTY "includes_torch ${file}")
  if(NOT DEFINED known OR known STREQUAL "")
    set(known OFF)
    set_property(GLOBAL PROPERTY "includes_torch ${file}" OFF)  # where headers include each other in a circle
    file(STRINGS ${file} lines REGEX "^ *# *include ")
    foreach(line IN LISTS lines)
      if(line MATCHES "[<\"](torch|ATen|c10)/")
        set(known ON)
      elseif(line MATCHES "\"([^\"]+)\"")
        set(included ${CMAKE_MATCH_1})
        foreach(folder lib tests)
          if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/${included})
            frugal_includes_torch(${CMAKE_SOURCE_DIR}/${folder}/${included} through)
            if(through)
              set(known ON)
            endif()
          endif()
        endforeach()
      endif()
    endforeach()
    set_property(GLOBAL PROPERTY "includes_torch ${file}" ${known})
  endif()
  set(${result} ${known} PARENT_SCOPE)
endfunction()

# torch/torch.h costs 13 s a file without a precompiled header, and 5 to 10 s a file that has no need of torch with
# it (measured), so those go without. A file that begins to include torch gets it at the next configuration.
function(frugal_torch_pch target)
  target_precompile_headers(${target} PRIVATE <torch/torch.h>)
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    get_filename_component(file ${source} ABSOLUTE)
    frugal_includes_torch(${file} reaches)
    if(NOT reaches)
      set_source_files_properties(${source} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
    endif()
  endforeach()
endfunction()
