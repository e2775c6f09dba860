/* Which form of a kernel runs here: Arm's is known when the sources are compiled, x86's when they run. */
#ifndef FRUGAL_OPS_FORMS_H
#define FRUGAL_OPS_FORMS_H

#include "ops/arm.h"
#include "ops/x86.h"

#if defined(__ARM_FEATURE_MVE) && (__ARM_FEATURE_MVE & 2)
#define OPS_FORM(plain, avx2, dsp, mve) mve
#elif defined(__ARM_FEATURE_DSP)
#define OPS_FORM(plain, avx2, dsp, mve) dsp
#else
#define OPS_FORM(plain, avx2, dsp, mve) (ops_has_avx2() ? (avx2) : (plain))
#endif

/* Of gradients in float; x86's forms are within the plain ones. */
#if defined(__ARM_FP) && (__ARM_FP & 4) && defined(__thumb2__) && !defined(OPS_NO_FLOAT)
#define OPS_FLOAT_FORM(plain, fpu) fpu
#else
#define OPS_FLOAT_FORM(plain, fpu) plain
#endif

#endif
