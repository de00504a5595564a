/* ingest/below.h: files below a folder that strangers write into. */
#ifndef INGEST_BELOW_H
#define INGEST_BELOW_H

/* Opens the file at `path` below the folder as openat(2) does, with O_NOFOLLOW for every part of
 * the path: a link in it, at its end or before, is ELOOP; one that leads upwards ("..") or begins
 * at the root is EXDEV. Any thread. */
int open_below(int folder, const char *path, int flags);
/* The same part by part, for systems without openat2(2) (Linux before 5.6). */
int open_below_by_parts(int folder, const char *path, int flags);

#endif
