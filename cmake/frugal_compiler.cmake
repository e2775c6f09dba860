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

# Tables of addresses are read-only once a program runs. (GCC makes position-independent executables by itself.)
if(UNIX AND NOT APPLE)
  add_link_options(-Wl,-z,relro -Wl,-z,now)
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
  # GCC 12 warns of "literal" + std::string and of copies without end in the standard library's own code (GCC bugs 105651
  # and 105329).
  target_compile_options(frugal_options INTERFACE -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds)
endif()
# As programs that read foreign files are built: a stack that is written over, and a copy past the end of what it is
# known to go to, end the program. (The sanitizers see more; without optimisation there is no FORTIFY.)
if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang" AND NOT FRUGAL_SANITIZE)
  target_compile_options(frugal_options INTERFACE -fstack-protector-strong
                         $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()
if(FRUGAL_WERROR)
  target_compile_options(frugal_options INTERFACE -Werror)
endif()
if(FRUGAL_SANITIZE)
  target_compile_options(frugal_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=undefined
                         -fno-omit-frame-pointer)
  target_link_options(frugal_options INTERFACE -fsanitize=address,undefined)
endif()

# Whether a file includes what matches `pattern`, itself or through our headers. `key` names the pattern: each file is read
# once for each.
function(frugal_includes file key pattern result)
  get_property(known GLOBAL PROPERTY "includes ${key} ${file}")
  if(NOT DEFINED known OR known STREQUAL "")
    set(known OFF)
    set_property(GLOBAL PROPERTY "includes ${key} ${file}" OFF)  # where headers include each other in a circle
    file(STRINGS ${file} lines REGEX "^ *# *include ")
    foreach(line IN LISTS lines)
      if(line MATCHES "${pattern}")
        set(known ON)
      elseif(line MATCHES "\"([^\"]+)\"")
        set(included ${CMAKE_MATCH_1})
        foreach(folder lib tests)
          if(EXISTS ${CMAKE_SOURCE_DIR}/${folder}/${included})
            frugal_includes(${CMAKE_SOURCE_DIR}/${folder}/${included} ${key} "${pattern}" through)
            if(through)
              set(known ON)
            endif()
          endif()
        endforeach()
      endif()
    endforeach()
    set_property(GLOBAL PROPERTY "includes ${key} ${file}" ${known})
  endif()
  set(${result} ${known} PARENT_SCOPE)
endfunction()

# frugal_room_library(NAME STATIC|OBJECT room... [EXCEPT room|file...] [WITH file...]): a library of every .cpp in lib/<room> and
# below, but for the excepted rooms and files, and of the further files.
function(frugal_room_library name type)
  cmake_parse_arguments(PARSE_ARGV 2 rooms "" "" "EXCEPT;WITH")
  set(sources)
  foreach(room IN LISTS rooms_UNPARSED_ARGUMENTS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/lib/${room}/*.cpp)
    list(APPEND sources ${found})
  endforeach()
  foreach(room IN LISTS rooms_EXCEPT)
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_SOURCE_DIR}/lib/${room}(/|$)")
  endforeach()
  foreach(file IN LISTS rooms_WITH)
    list(APPEND sources ${CMAKE_SOURCE_DIR}/lib/${file})
  endforeach()
  add_library(${name} ${type} ${sources})
  target_link_libraries(${name} PUBLIC frugal_options)
  if(FRUGAL_UNITY)
    frugal_unity(${name})
  endif()
endfunction()

# Up to twelve sources of a folder (with torch: six) are compiled as one, which reads the headers they share once: a
# build from nothing takes about half of the processor time (docs/architecture.md). Where the files of a folder are
# entries of one table and say the same names in their unnamed namespaces, each stays alone; where integer_* say the names of
# what computes in floats, these are a group of their own. What includes ir/graph.h is never with what does not, and is
# a larger group (with torch, which costs a unit 8 s before its first line, one of all folders): a change of the graph
# compiles no more than it must (scripts/rebuild-time).
set(frugal_one_by_one lib/fit/curve/laws lib/fit/law/laws lib/model/transformer/architectures)
set(frugal_integer_apart lib/autodiff lib/quant)
function(frugal_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  get_target_property(sources ${target} SOURCES)
  list(SORT sources)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} OUTPUT_VARIABLE file)
    cmake_path(GET file PARENT_PATH here)
    cmake_path(RELATIVE_PATH here BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    if(here IN_LIST frugal_one_by_one OR NOT file MATCHES "\\.cpp$")
      continue()
    endif()
    frugal_includes(${file} graph "\"ir/graph.h\"" of_graph)
    frugal_includes(${file} torch "[<\"](torch|ATen|c10)/" of_torch)
    string(REPLACE "/" "_" group ${here})
    if(here IN_LIST frugal_integer_apart AND file MATCHES "/integer_[a-z_]*\\.cpp$")
      string(APPEND group "_integer")
    endif()
    set(most 12)
    if(of_graph AND of_torch)
      set(group torch_graph)
    elseif(of_graph)
      set(most 16)
      string(APPEND group "_graph")
    elseif(of_torch)
      set(most 6)
    endif()
    if(NOT DEFINED count_${group})
      set(count_${group} 0)
    endif()
    math(EXPR part "${count_${group}} / ${most}")
    math(EXPR count_${group} "${count_${group}} + 1")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group}_${part})
  endforeach()
endfunction()
