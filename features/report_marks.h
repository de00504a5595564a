/* features/report_marks.h: the first pictures of a version that the module images marked. */
#ifndef FEATURES_REPORT_MARKS_H
#define FEATURES_REPORT_MARKS_H

#include "base/memory.h"
#include "columnar/array.h"

#define PICTURES_MOST 24

struct picture_mark {
    const char *media_type;         /* NULL = none a page can show */
    struct str path, issues, bytes; /* bytes: size 0 where they are too many */
};
struct picture_marks {
    struct picture_mark items[PICTURES_MOST];
    size_t count, bytes;
    int64_t rows; /* that are marked, in all */
    struct arena *arena;
};
/* Those of one batch; any thread. Zero-initialize. */
MUST_CHECK enum status picture_marks_look(const struct batch *batch, struct picture_marks *ret,
                                          struct err *err);
/* In the order of the batches. */
MUST_CHECK enum status picture_marks_add(struct picture_marks *into,
                                         const struct picture_marks *from, struct err *err);
void picture_marks_release(struct picture_marks *marks);

#endif
