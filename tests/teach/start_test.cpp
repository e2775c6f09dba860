// What kind of data `start` finds at a path.
#include "teach/start.h"

#include "base/error.h"
#include "ir/graph.h"
#include "support/message_of.h"
#include "support/test.h"

using namespace frugal;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

adapt::ExampleConfig found_at(const std::string& path, const ir::Dims& shape = {1, 3, 24, 24}) {
  ir::Tensor input;
  input.shape = shape;
  return teach::data_at(path, input);
}

}  // namespace

TEST_CASE("start tells what kind of data a folder holds", "[teach]") {
  const test::TempDir dir;
  for (const char* folder : {"classes/cat", "classes/dog", "mnist/notes", "cifar", "empty"})
    fs::create_directories(dir.path() / folder);
  test::write_text(dir / "classes/readme.txt",
                   "what this is");  // beside the folders, read after or before them
  test::write_text(dir / "classes/zz.txt", "what this is");
  test::write_text(dir / "mnist/train-images-idx3-ubyte.gz", "");
  test::write_text(dir / "cifar/data_batch_1.bin", "");
  test::write_text(dir / "empty/notes.txt", "no data");

  const adapt::ExampleConfig images = found_at(dir / "classes");
  CHECK(images.kind == "folder");
  CHECK(images.resolution == 24);
  CHECK(images.channels == 3);
  CHECK(found_at(dir / "mnist").kind == "idx");
  CHECK(found_at(dir / "cifar").kind == "cifar");
  CHECK(found_at(dir / "sensors.safetensors").kind == "tensors");
  // Neither squares nor images of one or three channels are made of others.
  CHECK(found_at(dir / "classes", {1, 3, 24, 32}).resolution == 0);
  CHECK(found_at(dir / "classes", {1, 2, 24, 24}).channels == 0);

  CHECK_THAT(test::message_of([&] { found_at(dir / "empty"); }), Contains("holds neither folders of images"));
  CHECK_THAT(test::message_of([&] { found_at(dir / "absent"); }), Contains("is neither a folder nor"));
}
