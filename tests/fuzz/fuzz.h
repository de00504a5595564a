/* tests/fuzz/fuzz.h: a fuzz target is one function. With clang -fsanitize=fuzzer it is driven by
 * libFuzzer; otherwise fuzz_main.c runs it over the files and folders named on the command line. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
