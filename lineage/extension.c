/* extension.c: tamis_sqlite, what the stock sqlite3 shell loads. */
#include "lineage/extension.h"

#include "base/memory.h"

SQLITE_EXTENSION_INIT1

int extension_fail(char **ret_message, enum status status, const struct err *err)
{
    const char *before = err->hint[0] == '\0' ? "" : "; ";

    if (status == STATUS_OK) return SQLITE_OK;
    sqlite3_free(*ret_message);
    *ret_message = sqlite3_mprintf("%s%s%s", err->message, before, err->hint);
    return status == STATUS_MEMORY ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* SQLite looks for this name in a file called tamis_sqlite.so. */
__attribute__((visibility("default"))) int
sqlite3_tamissqlite_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api);

int sqlite3_tamissqlite_init(sqlite3 *db, char **ret_message, const sqlite3_api_routines *api)
{
    SQLITE_EXTENSION_INIT2(api)
    if (sqlite3_libversion_number() < 3038000) {
        *ret_message = sqlite3_mprintf("tamis_sqlite needs SQLite 3.38 or newer, found %s",
                                       sqlite3_libversion());
        return SQLITE_ERROR;
    }
    struct extension_counts *counts = memory_get(1, sizeof *counts);
    if (counts == NULL) return SQLITE_NOMEM;
    int result = extension_add_reads(db, counts); /* frees them, also where it fails */
    if (result == SQLITE_OK) result = extension_add_arrow(db, counts);
    if (result == SQLITE_OK) result = extension_add_cells(db, counts);
    if (result == SQLITE_OK) result = extension_add_walks(db);
    /* Unloading would lose what each thread keeps for decompression. */
    return result == SQLITE_OK ? SQLITE_OK_LOAD_PERMANENTLY : result;
}
