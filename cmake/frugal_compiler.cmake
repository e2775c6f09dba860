# What every target of the tree is compiled with, and how a library is made of rooms.

find_program(FRUGAL_CCACHE ccache)
if(FRUGAL_CCACHE)
  # The sloppiness and -fpch-preprocess are what lets ccache serve files that use a precompiled header
  # (measured: a rebuild of the torch part fell from 253 s to 13 s).
  set(CMAKE_C_COMPILER_LAUNCHER ${FRUGAL_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${FRUGAL_CCACHE})
endif()

find_program(FRUGAL_MOLD mold)
if(FRUGAL_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_link_options(-fuse-ld=mold)
endif()

add_library(frugal_options INTERFACE)
target_include_directories(frugal_options INTERFACE ${CMAKE_SOURCE_DIR}/lib)
target_compile_options(frugal_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-unknown-pragmas)
target_compile_definitions(frugal_options INTERFACE FRUGAL_VERSION="${PROJECT_VERSION}")
# One result on every machine of a kind: no contraction of a*b+c into one rounding unless a file asks for it.
target_compile_options(frugal_options INTERFACE -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND FRUGAL_CCACHE)
  target_compile_options(frugal_options INTERFACE -fpch-preprocess)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 warns of "literal" + std::string in the standard library's own code (GCC bug 105651).
  target_compile_options(frugal_options INTERFACE -Wno-restrict)
endif()
if(FRUGAL_WERROR)
  target_compile_options(frugal_options INTERFACE -Werror)
endif()
if(FRUGAL_SANITIZE)
  target_compile_options(frugal_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                         -fno-omit-frame-pointer)
  target_link_options(frugal_options INTERFACE -fsanitize=address,undefined)
endif()

# frugal_room_library(NAME room...): a static library of every .cpp in lib/<room> and below.
function(frugal_room_library name)
  set(sources)
  foreach(room IN LISTS ARGN)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/${room}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC frugal_options)
  if(FRUGAL_UNITY)
    frugal_unity(${name})
  endif()
endfunction()

# Up to six sources of a folder are compiled as one, which reads the headers they share once: a build from
# nothing takes about half of the processor time (docs/architecture.md). Where the files of a folder are entries of
# one table and say the same names in their unnamed namespaces, each stays alone.
set(frugal_one_by_one lib/autodiff lib/quant lib/quant/convert lib/fit/curve/laws lib/fit/law/laws lib/model/transformer/architectures)
function(frugal_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  set(folder "")
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE file)
    cmake_path(GET file PARENT_PATH here)
    cmake_path(RELATIVE_PATH here BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    if(here IN_LIST frugal_one_by_one OR NOT file MATCHES "\\.cpp$")
      continue()
    endif()
    if(NOT here STREQUAL folder)
      set(folder ${here})
      set(count 0)
    endif()
    math(EXPR part "${count} / 6")
    math(EXPR count "${count} + 1")
    string(REPLACE "/" "_" group "${folder}_${part}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
endfunction()
