#!/usr/bin/env python3
"""A compiled folder as an ESP-IDF component and as a Zephyr module, with stand-ins for the commands of these two.

  packages.py BIN_DIR SOURCE_DIR

Neither is installed for tests: a project of a few lines defines `idf_component_register` and the `zephyr_library` commands by
what they do with sources, folders and flags, takes the folder in as its build would, and links the example. What it prints of a
stream is what the folder's own Makefile gives."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from boards import Folder, stream  # noqa: E402

ESP_IDF = """set(ESP_PLATFORM 1)
macro(idf_component_register)
  cmake_parse_arguments(part "" "" "SRCS;INCLUDE_DIRS" ${ARGN})
  set(COMPONENT_LIB __idf_model)
  add_library(__idf_model STATIC ${part_SRCS})
  foreach(folder ${part_INCLUDE_DIRS})
    target_include_directories(__idf_model PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/${folder})
  endforeach()
endmacro()
"""
ZEPHYR = """set(ZEPHYR_BASE /nowhere)
macro(zephyr_library_named name)
  set(ZEPHYR_CURRENT_LIBRARY ${name})
  add_library(${name} STATIC)
endmacro()
macro(zephyr_library_sources)
  target_sources(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_compile_options)
  target_compile_options(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_library_compile_definitions)
  target_compile_definitions(${ZEPHYR_CURRENT_LIBRARY} PRIVATE ${ARGN})
endmacro()
macro(zephyr_include_directories)
  include_directories(${ARGN})
  target_include_directories(app PRIVATE ${ARGN})
endmacro()
"""
PROJECT = """cmake_minimum_required(VERSION 3.16)
project(app C)
set(CMAKE_C_STANDARD 11)
add_executable(app app.c)
foreach(source example.c runtime/stream.c runtime/text.c runtime/profile.c boards/host.c)
  target_sources(app PRIVATE ${CMAKE_SOURCE_DIR}/model/${source})
endforeach()
@COMMANDS@
add_subdirectory(model)
"""


def built(folder, commands, link):
    """(exit code, errors, program) of a project that takes the folder in."""
    with tempfile.TemporaryDirectory() as root:
        shutil.copytree(folder.path, f"{root}/model", ignore=shutil.ignore_patterns("build"))
        pathlib.Path(root, "CMakeLists.txt").write_text(PROJECT.replace("@COMMANDS@", commands) + link)
        pathlib.Path(root, "app.c").write_text('#include "frugal_model.h"\nint starts(void) { frugal_init(); return FRUGAL_CLASSES; }\n')
        for command in (["cmake", "-S", root, "-B", f"{root}/build"], ["cmake", "--build", f"{root}/build"]):
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            if done.returncode != 0:
                return done.returncode, done.stdout + done.stderr, ""
        ran = subprocess.run([f"{root}/build/app", folder.path / "stream.bin"], capture_output=True, text=True, check=False)
        return ran.returncode, ran.stderr, ran.stdout


def module_of(folder):
    """The setting that zephyr/module.yml and Kconfig bring in; the files that it names are there."""
    module = dict(re.findall(r"^ *(\w+): (\S+)$", (folder.path / "zephyr/module.yml").read_text(), re.M))
    assert (folder.path / module["cmake"] / "CMakeLists.txt").exists(), module
    return re.findall(r"^config (\w+)$", (folder.path / module["kconfig"]).read_text(), re.M)


def main():
    bin_dir, source_dir = sys.argv[1:]
    with Folder(bin_dir, source_dir, "host") as folder:
        wanted = folder.run(stream()).stdout
        assert len(wanted.splitlines()) > 60, wanted
        assert built(folder, ESP_IDF, "target_link_libraries(app PRIVATE __idf_model)\n") == (0, "", wanted)
        assert module_of(folder) == ["FRUGAL_MODEL"]
        chosen = "set(CONFIG_FRUGAL_MODEL y)\n" + ZEPHYR
        assert built(folder, chosen, "target_link_libraries(app PRIVATE frugal_model)\n") == (0, "", wanted)
        unchosen = built(folder, ZEPHYR, "if(NOT TARGET frugal_model)\n  message(FATAL_ERROR left-out)\nendif()\n")
        assert unchosen[0] != 0 and "left-out" in unchosen[1], unchosen
    print("ESP-IDF component, Zephyr module: ok")


if __name__ == "__main__":
    main()
