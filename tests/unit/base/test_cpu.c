/* tests/unit/base/test_cpu.c */
#include "check.h"

#include "base/cpu.h"

#include <stdlib.h>

static void level_can_be_lowered_only(void **state)
{
    (void)state;
    unsetenv("TAMIS_CPU");
    enum cpu_level best = cpu_level_available();
    assert_int_equal(cpu_level(), best);
    setenv("TAMIS_CPU", "v1", 1);
    assert_int_equal(cpu_level(), CPU_V1);
    setenv("TAMIS_CPU", "v4", 1);
    assert_int_equal(cpu_level(), best < CPU_V4 ? best : CPU_V4);
    setenv("TAMIS_CPU", "fast", 1);
    assert_int_equal(cpu_level(), best);
    unsetenv("TAMIS_CPU");
    assert_string_equal(cpu_level_name(CPU_V3), "x86-64-v3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(level_can_be_lowered_only)};
    return cmocka_run_group_tests_name("base cpu", tests, NULL, NULL);
}
