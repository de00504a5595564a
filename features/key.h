/* features/key.h: entity keys: the values of one or more columns as bytes.
 *
 * Keys compare (memcmp, shorter first on a common prefix) as their values do, column by column. A
 * key of one whole number, date or time is a 64-bit word instead. Widths do not matter: 7 in an
 * int32 column is 7 in an int64 column; "a" in a dictionary is "a" in a utf8 column. */
#ifndef FEATURES_KEY_H
#define FEATURES_KEY_H

#include "base/setting.h"
#include "columnar/array.h"

#define KEY_COLUMNS 16
/* Metadata of a column that holds keys under another name: "NAME:KEY" of each of them. */
#define KEY_MARK      "tamis:key"
#define KEY_MARK_PART "\x1f" /* between two */
#define KEY_PLACES    64     /* of them in all columns */

enum key_kind { KEY_INTEGER, KEY_UNSIGNED, KEY_BOOL, KEY_DATE, KEY_TIME, KEY_TEXT, KEY_BYTES };

struct key_layout {
    size_t count;
    size_t columns[KEY_COLUMNS]; /* positions in the batch */
    enum key_kind kinds[KEY_COLUMNS];
    enum time_unit units[KEY_COLUMNS]; /* KEY_TIME */
    bool word;                         /* the key is a 64-bit word */
};
/* Finds the columns. STATUS_USAGE when one is absent or of a type that cannot be a key (floating
 * point, decimal, nested). */
MUST_CHECK enum status key_layout_of(const struct schema *schema, const struct text_list *names,
                                     struct key_layout *ret, struct err *err);
/* Whether keys of both layouts may be compared; the first column that differs otherwise. */
bool key_layouts_agree(const struct key_layout *a, const struct key_layout *b, size_t *ret_column);

/* Whether values of this kind are 64-bit words; texts and bytes are not. */
bool key_kind_is_word(enum key_kind kind);
/* The word of a whole number, boolean, date or time in the column's own unit. */
uint64_t key_word(enum key_kind kind, int64_t integer);
/* Appends one column of a compound key: `integer` where the kind is a word, else `text`. */
MUST_CHECK enum status key_append(struct bytes *ret, enum key_kind kind, int64_t integer,
                                  struct str text, struct err *err);

/* The words of all rows of a batch (layout->word); ret_null[row] true where the value is null. */
void key_words(const struct key_layout *layout, const struct batch *batch, uint64_t *ret,
               bool *ret_null);
/* The bytes of one key, borrowed from the batch or from `scratch` until the next call. *ret_null
 * true when a column is null. */
MUST_CHECK enum status key_bytes(const struct key_layout *layout, const struct batch *batch,
                                 int64_t row, struct bytes *scratch, struct str *ret,
                                 bool *ret_null, struct err *err);

#endif
