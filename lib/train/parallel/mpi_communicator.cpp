#include "train/parallel/mpi_communicator.h"

#ifdef FRUGAL_WITH_MPI

#include <mpi.h>

#include <climits>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"

namespace frugal::train {
namespace {

void check(int code, const char* what) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw base::Failure(std::string("MPI: ") + what + ": " +
                      std::string(text, static_cast<std::size_t>(length)));
}

// MPI counts are int.
int as_count(std::int64_t count) {
  FRUGAL_ASSERT(count >= 0 && count <= INT_MAX, "an MPI message of more than 2^31 numbers");
  return static_cast<int>(count);
}

class MpiCommunicator final : public Communicator {
 public:
  MpiCommunicator() {
    int provided = 0;
    // Gradients are summed by the thread that runs backward; one at a time.
    check(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided), "start");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    check(MPI_Comm_rank(MPI_COMM_WORLD, &rank_), "rank");
    check(MPI_Comm_size(MPI_COMM_WORLD, &size_), "size");
  }
  ~MpiCommunicator() override {
    // An error on one process must not leave the others waiting for it for ever.
    if (std::uncaught_exceptions() > 0) MPI_Abort(MPI_COMM_WORLD, 1);
    MPI_Finalize();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  std::size_t begin_sum(float* values, std::int64_t count) override {
    requests_.emplace_back();
    check(MPI_Iallreduce(MPI_IN_PLACE, values, as_count(count), MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD,
                         &requests_.back()),
          "sum of gradients");
    return requests_.size() - 1;
  }
  void wait(std::size_t handle) override {
    check(MPI_Wait(&requests_.at(handle), MPI_STATUS_IGNORE), "sum of gradients");
    while (!requests_.empty() && requests_.back() == MPI_REQUEST_NULL) requests_.pop_back();
  }
  void sum(double* values, std::int64_t count) override {
    check(MPI_Allreduce(MPI_IN_PLACE, values, as_count(count), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD), "sum");
  }
  void broadcast(void* bytes, std::size_t count) override {
    check(MPI_Bcast(bytes, as_count(static_cast<std::int64_t>(count)), MPI_BYTE, 0, MPI_COMM_WORLD),
          "broadcast");
  }
  void barrier() override { check(MPI_Barrier(MPI_COMM_WORLD), "barrier"); }

 private:
  int rank_ = 0, size_ = 1;
  std::vector<MPI_Request> requests_;
};

}  // namespace

std::unique_ptr<Communicator> make_mpi_communicator() { return std::make_unique<MpiCommunicator>(); }

}  // namespace frugal::train

#else

namespace frugal::train {

std::unique_ptr<Communicator> make_mpi_communicator() { return nullptr; }

}  // namespace frugal::train

#endif
