/* Instructions of each call of the generated network, where it is compiled with FRUGAL_PROFILE. */
#ifndef FRUGAL_RUNTIME_PROFILE_H
#define FRUGAL_RUNTIME_PROFILE_H

void frugal_profile_begin(void); /* just before a step */
void frugal_profile_print(void); /* a line "call n instructions" each, summed over all steps */

#endif
