// Against other programs' numbers (the reference data beside the checkout): LiteRT's reference kernels on
// three networks of MLPerf Tiny, and one training step of the authors' program on mcunet-5fps.
#include "support/reference.h"

#include "support/test.h"

using namespace frugal;

TEST_CASE("int8 .tflite networks give LiteRT's activations, byte for byte", "[quant]") {
  SKIP_WITHOUT_SHARED();
  for (const char* name : {"kws_ref_model", "pretrainedResnet_quant", "vww_96_int8"}) {
    const test::NetworkAgreement found = test::network_agreement(test::shared_data_dir() + "/tiny", name);
    INFO(name << ": " << found.activations.where << " " << found.activations.most << ", "
              << found.outputs.where);
    CHECK(found.activations.different == 0);
    CHECK(found.outputs.different == 0);
    CHECK(found.inputs == 8);
    CHECK(found.activations.count > 10000);
  }
}

TEST_CASE("one training step of mcunet-5fps is that of the authors' program", "[quant]") {
  SKIP_WITHOUT_SHARED();
  const test::StepAgreement found = test::step_agreement(test::shared_data_dir() + "/tiny");
  INFO(found.activations.different << " of " << found.activations.count << " activations differ, most at "
                                   << found.activations.where);
  CHECK(found.activations.most <= 1);
  CHECK(static_cast<double>(found.activations.different) <=
        1e-4 * static_cast<double>(found.activations.count));
  CHECK(found.loss_difference <= 1e-5);
  INFO(found.gradients.where << ", " << found.factors.where);
  CHECK((found.gradients.count == 30 && found.gradients.worst < 1e-4));
  CHECK((found.factors.count > 1000 && found.factors.worst < 1e-6));
}
