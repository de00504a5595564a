/* ingest/csv_scan_choice.c: which table of the scanner runs on this processor. */
#include "base/cpu.h"
#include "ingest/csv_scan.h"

const struct csv_scan *csv_scan(void)
{
    switch (cpu_level()) {
    case CPU_V4: return &csv_scan_v4;
    case CPU_V3: return &csv_scan_v3;
    case CPU_V2: return &csv_scan_v2;
    case CPU_V1: return &csv_scan_v1;
    }
    return &csv_scan_v1;
}
