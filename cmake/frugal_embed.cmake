# Texts that an executable writes: the C of lib/device and lib/ops and the templates beside it. Included, this makes one C++
# source of them in the build folder; as a script it writes that source.
#
# Of lib/ops a device gets every .c and .h but the host's own: those for AVX2 and headers of C++ (a .cpp of their name).
if(CMAKE_SCRIPT_MODE_FILE)
  file(WRITE ${OUTPUT}.part "// Made by cmake/frugal_embed.cmake.\n#include \"device/embedded.h\"\n\nnamespace frugal::device {\n\n"
                            "const Embedded embedded_texts[] = {\n")
  file(STRINGS ${LIST} paths)
  foreach(path IN LISTS paths)
    file(READ ${ROOT}/${path} text)
    file(APPEND ${OUTPUT}.part "{\"${path}\", R\"~~~~~~(")
    file(APPEND ${OUTPUT}.part "${text}")
    file(APPEND ${OUTPUT}.part ")~~~~~~\"},\n")
  endforeach()
  file(APPEND ${OUTPUT}.part "};\n\nconst std::size_t embedded_count = sizeof(embedded_texts) / sizeof(embedded_texts[0]);\n\n}  // namespace frugal::device\n")
  file(RENAME ${OUTPUT}.part ${OUTPUT})
  return()
endif()

function(frugal_embed target)
  set(root ${CMAKE_SOURCE_DIR}/lib)
  file(GLOB kernels CONFIGURE_DEPENDS RELATIVE ${root} ${root}/ops/*.c ${root}/ops/*.h
       ${root}/ops/arm/*.c ${root}/ops/arm/*.h)
  list(FILTER kernels EXCLUDE REGEX "_avx2\\.c$")
  foreach(header IN LISTS kernels)
    string(REGEX REPLACE "\\.h$" ".cpp" source ${header})
    if(NOT source STREQUAL header AND EXISTS ${root}/${source})
      list(REMOVE_ITEM kernels ${header})
    endif()
  endforeach()
  file(GLOB_RECURSE beside CONFIGURE_DEPENDS RELATIVE ${root} ${root}/device/runtime/* ${root}/device/boards/* ${root}/device/package/*)
  set(texts ${kernels} ${beside})
  list(SORT texts)
  list(TRANSFORM texts PREPEND ${root}/ OUTPUT_VARIABLE files)
  list(JOIN texts "\n" lines)
  set(list ${CMAKE_BINARY_DIR}/embedded_texts.txt)
  file(GENERATE OUTPUT ${list} CONTENT "${lines}\n")
  set(source ${CMAKE_BINARY_DIR}/embedded_texts.cpp)
  add_custom_command(OUTPUT ${source} DEPENDS ${files} ${list} ${CMAKE_SOURCE_DIR}/cmake/frugal_embed.cmake
                     COMMAND ${CMAKE_COMMAND} -DOUTPUT=${source} -DLIST=${list} -DROOT=${root} -P ${CMAKE_SOURCE_DIR}/cmake/frugal_embed.cmake
                     COMMENT "Embedding the C of devices")
  set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${source})
endfunction()
