/* Which form of a kernel runs here: Arm's is known when the sources are compiled, x86's when they run. */
#ifndef FRUGAL_OPS_FORMS_H
#define FRUGAL_OPS_FORMS_H

#include "ops/arm.h"
#include "ops/x86.h"

#if defined(__ARM_FEATURE_DSP)
#define OPS_FORM(plain, avx2, dsp) dsp
#else
#define OPS_FORM(plain, avx2, dsp) (ops_has_avx2() ? avx2 : plain)
#endif

#endif
