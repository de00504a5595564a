/* leftovers.c: temporary files of runs that are gone. */
#include "lineage/store_state.h"

#include "base/memory.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

/* Names in tmp/ begin with the id of their run. */
void leftovers_remove(const struct store *store, const char *run_id)
{
    OWNED(memory_release) char *folder = path_join(store->path, "tmp");
    DIR *entries = folder == NULL ? NULL : opendir(folder);

    if (entries == NULL) return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (strncmp(entry->d_name, run_id, strlen(run_id)) == 0)
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
}
