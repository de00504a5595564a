/* tests/unit/base/folder.h: a temporary folder for one test program, entered and removed. */
#ifndef TESTS_FOLDER_H
#define TESTS_FOLDER_H

#include "check.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder_path[64];

static inline int folder_enter(void **state)
{
    (void)state;
    snprintf(folder_path, sizeof folder_path, "/tmp/tamis-test-XXXXXX");
    return mkdtemp(folder_path) == NULL || chdir(folder_path) != 0 ? -1 : 0;
}

static inline int folder_unlink(const char *path, const struct stat *info, int kind,
                                struct FTW *place)
{
    (void)info, (void)kind, (void)place;
    return remove(path);
}

static inline int folder_leave(void **state)
{
    (void)state;
    return chdir("/") != 0 ? -1 : nftw(folder_path, folder_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fputs(text, file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
}

/* The text of a small file; "" where there is none. */
static inline const char *file_read(const char *path)
{
    static char text[65536];
    FILE *file = fopen(path, "r");
    size_t size = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    if (file != NULL) fclose(file);
    return text;
}

/* Entries of the current folder. */
static inline int folder_count(void)
{
    FILE *list = popen("ls -A | wc -l", "r");
    int count = -1;
    if (list == NULL || fscanf(list, "%d", &count) != 1) count = -1;
    if (list != NULL) pclose(list);
    return count;
}

#endif
