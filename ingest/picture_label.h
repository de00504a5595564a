/* ingest/picture_label.h: the label of a picture: its folder, or what stands beside it. */
#ifndef INGEST_PICTURE_LABEL_H
#define INGEST_PICTURE_LABEL_H

#include "ingest/picture_list.h"
#include "ingest/source.h"

/* Text that lies in `scratch` or in a path; data NULL = none. A sidecar that is no UTF-8 text
 * within the limit of a field, or no JSON object, is a fault of the picture. Any thread. */
MUST_CHECK enum status picture_label(const struct file_list *files,
                                     const struct listed_file *picture,
                                     const struct source_options *options, struct bytes *scratch,
                                     struct str *ret, struct file_fault *fault, struct err *err);
/* What the sidecar with the ending `ending` holds. */
MUST_CHECK enum status picture_text(const struct file_list *files,
                                    const struct listed_file *picture, const char *ending,
                                    const struct source_options *options, struct bytes *scratch,
                                    struct str *ret, struct file_fault *fault, struct err *err);

#endif
