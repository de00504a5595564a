/* hook.c: the own allocator hook: linked beside main() into copies of the programs that only the
 * tests have. $TAMIS_FAULTS "request=N" makes the N-th request of base/memory.h fail. */
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((constructor)) static void plan_requests(void)
{
    const char *plan = getenv("TAMIS_FAULTS");

    if (plan != NULL && strncmp(plan, "request=", 8) == 0)
        memory_fail_at(strtoull(plan + 8, NULL, 10));
}

__attribute__((destructor)) static void tell_requests(void)
{
    const char *path = getenv("TAMIS_FAULTS_REPORT");
    FILE *report = path == NULL ? NULL : fopen(path, "a");

    if (report == NULL) return;
    fprintf(report, "requests %llu\n", (unsigned long long)memory_requests());
    fclose(report);
}
