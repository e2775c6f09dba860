# MPI is found here and left out where it is missing: a single process needs none of it. The C interface is
# used from C++; the C++ bindings that older Open MPI ships are skipped.
option(FRUGAL_MPI "Data-parallel training over MPI where MPI is found" ON)
if(FRUGAL_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI QUIET COMPONENTS CXX)
endif()
if(MPI_CXX_FOUND)
  message(STATUS "MPI: ${MPI_CXX_LIBRARIES}")
  target_link_libraries(frugal_learn PRIVATE MPI::MPI_CXX)
  target_compile_definitions(frugal_learn PRIVATE FRUGAL_WITH_MPI)
else()
  message(STATUS "MPI: not found; training runs in one process")
endif()
