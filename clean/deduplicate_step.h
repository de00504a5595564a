/* clean/deduplicate_step.h: what a step of deduplicate is told, learns and sees of a window; for
 * module_deduplicate.c and deduplicate_carry.c only. */
#ifndef CLEAN_DEDUPLICATE_STEP_H
#define CLEAN_DEDUPLICATE_STEP_H

#include "clean/deduplicate_fill.h"
#include "clean/deduplicate_keys.h"
#include "clean/deduplicate_link.h"
#include "clean/deduplicate_pictures.h"
#include "clean/deduplicate_survivor.h"
#include "clean/deduplicate_texts.h"
#include "clean/module.h"
#include "clean/origin.h"

enum method { METHOD_EXACT, METHOD_KEY, METHOD_MINHASH, METHOD_LINKAGE, METHOD_PERCEPTUAL };
enum keep { KEEP_SURVIVOR, KEEP_FLAG };

struct deduplicate_config {
    struct text_list columns;
    int method, survivor, keep, link;
    const char *by, *cluster;
    bool fill;
    int64_t max_cluster;
    double threshold;
    bool characters;
    int64_t shingle_size;
    const char *image;
    int64_t distance;
    double similarity;
    bool align, mirror;
};

struct deduplicate_state {
    const struct deduplicate_config *config;
    const struct schema *schema;
    size_t threads, memory;
    size_t *columns;
    size_t count;
    size_t by; /* column of the newest */
    size_t *filled;
    struct key_hasher hasher;
    struct keys *keys; /* exact, key */
    struct texts *texts;
    struct linker *linker;
    struct picture_entry *pictures;
    size_t picture_count, picture_room;
    struct spill *thumbs; /* THUMB_BYTES a picture */
    struct origin origin;
    struct row_numbers ranks; /* survivors by rank */
    struct fill *fill;
    struct marks marks;
    int64_t rows;          /* behind the last row's number */
    size_t left;           /* clusters left alone for their size */
    const char *threshold; /* for row events */
    char threshold_text[32];
};

struct deduplicate_tally {
    struct key_entry *keys;
    struct picture_entry *pictures;
    uint8_t *thumbs;
    size_t count;
    struct texts_tally texts;
    struct records_tally records;
    int64_t *ranks, *nulls; /* one a row, where wanted */
    struct fill_tally fill;
    int64_t first, end; /* the window's rows, by number */
    struct origin_tally origin;
};

/* ---- deduplicate_carry.c: tallies of shards (module.h) ---- */

bool deduplicate_carries(const void *state);
MUST_CHECK enum status deduplicate_carry(const void *state, int pass, void *tally,
                                         struct wire *wire, struct err *err);

#endif
