/* ingest/shape.h: which paths nested records have and what stands there: a tree that grows while
 * records are read, and the columns that come of it.
 *
 * An object becomes a column for each of its members ("a.b"), in the order in which they were seen
 * first. An array of plain values becomes a list. What has values of several kinds at one path is
 * kept as it is written: a utf8 column of JSON texts, marked "tamis:json" in the field's metadata.
 */
#ifndef INGEST_SHAPE_H
#define INGEST_SHAPE_H

#include "base/setting.h"
#include "columnar/build.h"
#include "ingest/json.h"

#define SHAPE_NODES_MAXIMUM 20000
#define COLUMNS_MAXIMUM     20000 /* of --max-columns */

enum shape_form {                /* of a path, when all records were seen */
                  SHAPE_MEMBERS, /* an object: its members are columns */
                  SHAPE_BOOL,
                  SHAPE_INT,
                  SHAPE_REAL,
                  SHAPE_STRING,
                  SHAPE_LIST, /* of `items` */
                  SHAPE_JSON, /* as it is written */
                  SHAPE_TEXT, /* asked for: strings as they are, everything else as it is written */
};

struct shape_node {
    struct str key;
    size_t id;                   /* 0 ... nodes - 1 */
    struct shape_node **members; /* by order of appearance */
    size_t count, room;
    uint32_t *places; /* hash table over members: index + 1; power of two; NULL while few */
    size_t place_mask;
    unsigned kinds;      /* bits 1 << enum json_kind of the values seen */
    unsigned classes;    /* of its numbers (enum value_class) */
    unsigned item_kinds; /* the same of the items of its arrays */
    unsigned item_classes;
    int64_t record; /* that had it last: a key that comes twice */
    enum shape_form form, items;
    size_t column; /* first of its columns */
};

struct shape {
    struct arena *arena;
    struct shape_node *root;
    size_t nodes;
};
MUST_CHECK enum status shape_open(struct shape *ret, struct err *err);
void shape_close(struct shape *shape);

/* The member named `key`, NULL where there is none. *next is the place where it is looked for
 * first, and then the one behind it; start with 0. */
struct shape_node *shape_member(const struct shape_node *node, struct str key, size_t *next);
/* The same, and adds it. STATUS_FAILED beyond SHAPE_NODES_MAXIMUM. */
MUST_CHECK enum status shape_add(struct shape *shape, struct shape_node *node, struct str key,
                                 size_t *next, struct shape_node **ret, struct err *err);
/* Adds one record, a whole object. *ret_twice gets the key that an object has twice, if any; such a
 * record leaves no trace. `number` differs from record to record and is not 0. */
MUST_CHECK enum status shape_see(struct shape *shape, const struct json *json, int64_t number,
                                 struct bytes *scratch, struct str *ret_twice, struct err *err);
/* Adds what `from` has seen, behind what is there. */
MUST_CHECK enum status shape_merge(struct shape *shape, const struct shape *from, struct err *err);
/* As text (a JSON list, shape_text.c) and back, into a shape that was just opened. STATUS_USAGE for
 * a text that is none. */
MUST_CHECK enum status shape_write(const struct shape *shape, struct bytes *ret, struct err *err);
MUST_CHECK enum status shape_read(struct shape *shape, struct str text, struct err *err);
/* Decides forms and numbers the columns. Text columns have to be there, those of a contract need
 * not; `expected` gives the types that columns of these names have where every value can. All three
 * may be NULL. */
MUST_CHECK enum status shape_settle(struct shape *shape, const struct text_list *text_columns,
                                    const struct text_list *contract_texts,
                                    const struct schema *expected, struct schema **ret,
                                    struct err *err);

#endif
