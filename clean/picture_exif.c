/* clean/picture_exif.c: reads the orientation from JPEG or PNG bytes and applies it to positions.
 */
#include "clean/picture_exif.h"

#include "clean/picture.h"

#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT      3
#define ENTRY_BYTES     12

/* ---- integers ---- */

static uint32_t read_integer(struct str bytes, size_t at, size_t width, bool big)
{
    uint32_t value = 0;
    for (size_t i = 0; i < width; i++) {
        size_t place = big ? i : width - 1 - i;
        value = value << 8 | (uint8_t)bytes.data[at + place];
    }
    return value;
}

static struct str from(struct str bytes, size_t at)
{
    return (struct str){bytes.data + at, bytes.size - at};
}

/* ---- TIFF ---- */

static int entry_orientation(struct str tiff, size_t at, bool big)
{
    bool is_short = read_integer(tiff, at + 2, 2, big) == TYPE_SHORT;
    if (!is_short || read_integer(tiff, at + 4, 4, big) != 1) return 1;
    uint32_t value = read_integer(tiff, at + 8, 2, big);
    return value >= 1 && value <= 8 ? (int)value : 1;
}

static int tiff_orientation(struct str tiff)
{
    if (tiff.size < 8) return 1;
    bool big = memcmp(tiff.data, "MM\0*", 4) == 0;
    if (!big && memcmp(tiff.data, "II*\0", 4) != 0) return 1;
    size_t at = read_integer(tiff, 4, 4, big);
    if (at > tiff.size - 2) return 1;
    size_t entries = read_integer(tiff, at, 2, big);
    for (at += 2; entries > 0 && tiff.size - at >= ENTRY_BYTES; at += ENTRY_BYTES, entries--)
        if (read_integer(tiff, at, 2, big) == TAG_ORIENTATION)
            return entry_orientation(tiff, at, big);
    return 1;
}

/* ---- containers ---- */

static bool is_exif(struct str segment)
{
    return segment.size >= 6 && memcmp(segment.data, "Exif\0\0", 6) == 0;
}

/* Markers up to the start of the first scan (ITU-T T.81, annex B). */
static int jpeg_orientation(struct str jpeg)
{
    size_t at = 2;
    while (jpeg.size - at >= 4) {
        uint8_t marker = (uint8_t)jpeg.data[at + 1];
        if (jpeg.data[at] != '\xff') return 1;
        if (marker == 0xff) {
            at++; /* a fill byte */
            continue;
        }
        if (marker == 0xda || marker == 0xd9) return 1;
        size_t size = read_integer(jpeg, at + 2, 2, true);
        if (size < 2 || size > jpeg.size - at - 2) return 1;
        struct str segment = {jpeg.data + at + 4, size - 2};
        if (marker == 0xe1 && is_exif(segment)) return tiff_orientation(from(segment, 6));
        at += 2 + size;
    }
    return 1;
}

static int png_orientation(struct str png)
{
    size_t at = 8;
    while (png.size - at >= 12) {
        size_t size = read_integer(png, at, 4, true);
        if (size > png.size - at - 12) return 1;
        if (memcmp(png.data + at + 4, "eXIf", 4) == 0)
            return tiff_orientation((struct str){png.data + at + 8, size});
        at += 12 + size;
    }
    return 1;
}

int picture_orientation(struct str bytes)
{
    switch (picture_format_of(bytes)) {
    case PICTURE_JPEG: return jpeg_orientation(bytes);
    case PICTURE_PNG: return png_orientation(bytes);
    case PICTURE_UNKNOWN: break;
    }
    return 1;
}

/* ---- positions ---- */

bool orientation_turns(int orientation)
{
    return orientation >= 5;
}

void orientation_place(int orientation, uint32_t width, uint32_t height, uint32_t x, uint32_t y,
                       uint32_t *ret_x, uint32_t *ret_y)
{
    uint32_t right = width - 1 - x, below = height - 1 - y;
    uint32_t places[9][2] = {
        [1] = {x, y}, [2] = {right, y}, [3] = {right, below}, [4] = {x, below},
        [5] = {y, x}, [6] = {below, x}, [7] = {below, right}, [8] = {y, right},
    };
    *ret_x = places[orientation][0];
    *ret_y = places[orientation][1];
}
