/* clean/picture_served.h: pictures decoded in a worker (base/sandbox.h). */
#ifndef CLEAN_PICTURE_SERVED_H
#define CLEAN_PICTURE_SERVED_H

#include "base/sandbox.h"
#include "clean/picture.h"

/* The worker's job. */
void picture_serve(struct sandbox_desk *desk);

/* As picture_decode(), by a worker; the sink runs here. A picture that its decoder does not survive
 * is a broken one. Only where sandbox_is_open(). */
MUST_CHECK enum status picture_decode_served(struct str bytes, const struct picture_limits *limits,
                                             const struct picture_sink *sink,
                                             struct picture_fault *ret_fault, struct err *err);

#endif
