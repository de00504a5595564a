/* extension_reads.c: arrow_reads(): what the tables of this connection have read since it was last
 * asked. What a query costs can be seen, and tested. */
#include "lineage/extension.h"

#include "base/memory.h"

SQLITE_EXTENSION_INIT3

static void arrow_reads(sqlite3_context *context, int argc, sqlite3_value **argv)
{
    struct extension_counts *counts = sqlite3_user_data(context);
    char *text = sqlite3_mprintf(
        "{\"files\":%lld,\"skipped_files\":%lld,\"batches\":%lld,\"skipped_batches\":%lld,"
        "\"columns\":%lld,\"buffers\":%lld,\"stored_bytes\":%llu,\"bytes\":%llu}",
        (long long)counts->files, (long long)counts->skipped_files,
        (long long)counts->decoded.batches, (long long)counts->skipped_batches,
        (long long)counts->decoded.columns, (long long)counts->decoded.buffers,
        (unsigned long long)counts->decoded.stored_bytes,
        (unsigned long long)counts->decoded.bytes);

    (void)argc, (void)argv;
    *counts = (struct extension_counts){0};
    if (text == NULL)
        sqlite3_result_error_nomem(context);
    else
        sqlite3_result_text(context, text, -1, sqlite3_free);
}

int extension_add_reads(sqlite3 *db, struct extension_counts *counts)
{
    return sqlite3_create_function_v2(db, "arrow_reads", 0, SQLITE_UTF8 | SQLITE_DIRECTONLY, counts,
                                      arrow_reads, NULL, NULL, memory_free);
}
