/* ingest/picture_list.h: which files of a list are pictures, and what belongs to one.
 *
 * A file is a picture by name or first bytes. Sidecars of one are the files of the same name up to
 * the first dot ("a/0001.jpg" has "a/0001.cls"), as in WebDataset shards
 * (github.com/webdataset/webdataset, "The WebDataset Format"). */
#ifndef INGEST_PICTURE_LIST_H
#define INGEST_PICTURE_LIST_H

#include "ingest/file_list.h"

/* file_list_open; the pictures, and members of an archive with a fault, are chosen. */
MUST_CHECK enum status picture_list_open(struct file_list *ret, const char *path,
                                         const struct bundle *bundle, struct arena *arena,
                                         struct err *err);
/* The file of `picture`'s name up to its first dot with the ending `ending` ("cls"), or NULL. */
const struct listed_file *picture_sidecar(const struct file_list *files,
                                          const struct listed_file *picture, const char *ending);
bool named_as_picture(const char *path);

#endif
