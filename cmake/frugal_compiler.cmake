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
endfunction()
