/* clean/picture_exif.h: which way up a picture is to be shown.
 *
 * Cameras store rows as the sensor gave them and note in Exif how to turn them: tag 0x0112 of the
 * first directory (TIFF 6.0, Exif 2.32 section 4.6.4), in JPEG's APP1 segment or PNG's eXIf chunk.
 * Every offset is checked; what is broken or absent means 1. */
#ifndef CLEAN_PICTURE_EXIF_H
#define CLEAN_PICTURE_EXIF_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* 1 ... 8; 1 = as stored. `bytes` is the whole file. */
int picture_orientation(struct str bytes);
/* Whether rows become columns (5 ... 8). */
bool orientation_turns(int orientation);
/* Where pixel (x, y) of a stored picture of width x height is shown. */
void orientation_place(int orientation, uint32_t width, uint32_t height, uint32_t x, uint32_t y,
                       uint32_t *ret_x, uint32_t *ret_y);

#endif
