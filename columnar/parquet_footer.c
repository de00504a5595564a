/* columnar/parquet_footer.c: the footer of a Parquet file: schema, row groups, key-values.
 *
 * Row groups are looked through once, so that errors come early, and read again when their turn
 * comes: the footer of a file with many thousand of them is never taken apart in memory. */
#include "columnar/parquet_footer.h"

#include "columnar/kernels.h"
#include "columnar/parquet_thrift.h"

/* ---- logical types ---- */

static void read_decimal(struct thrift *thrift, int type, struct parquet_node *node)
{
    struct thrift_field field = {0};
    node->logical = PARQUET_DECIMAL;
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 1)
            node->scale = (int32_t)thrift_integer(thrift, field.type);
        else if (field.id == 2)
            node->precision = (int32_t)thrift_integer(thrift, field.type);
        else
            thrift_skip(thrift, field.type);
    }
    thrift_leave(thrift);
}

/* A union of empty structs: MILLIS, MICROS, NANOS. */
static int read_unit(struct thrift *thrift, int type)
{
    struct thrift_field field = {0};
    int unit = -1;
    if (!thrift_enter(thrift, type)) return unit;
    while (thrift_next(thrift, &field)) {
        if (field.id >= 1 && field.id <= 3) unit = UNIT_SECOND + field.id;
        thrift_skip(thrift, field.type);
    }
    thrift_leave(thrift);
    return unit;
}

static void read_moment(struct thrift *thrift, int type, int logical, struct parquet_node *node)
{
    struct thrift_field field = {0};
    node->logical = logical;
    node->unit = -1;
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 1)
            node->adjusted = thrift_bool(thrift, field.type);
        else if (field.id == 2)
            node->unit = read_unit(thrift, field.type);
        else
            thrift_skip(thrift, field.type);
    }
    if (node->unit < 0) thrift_fail(thrift, "a time without a known unit");
    thrift_leave(thrift);
}

static void read_integer(struct thrift *thrift, int type, struct parquet_node *node)
{
    struct thrift_field field = {0};
    node->logical = PARQUET_INTEGER;
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 1)
            node->bits = (int)thrift_integer(thrift, field.type);
        else if (field.id == 2)
            node->is_signed = thrift_bool(thrift, field.type);
        else
            thrift_skip(thrift, field.type);
    }
    thrift_leave(thrift);
}

static void read_logical(struct thrift *thrift, int type, struct parquet_node *node)
{
    static const int simple[] = {
        [1] = PARQUET_TEXT,  [2] = PARQUET_MAP,      [3] = PARQUET_LIST,  [4] = PARQUET_TEXT,
        [6] = PARQUET_DATE,  [11] = PARQUET_NOTHING, [12] = PARQUET_JSON, [13] = PARQUET_BSON,
        [14] = PARQUET_UUID, [15] = PARQUET_FLOAT16,
    };
    struct thrift_field field = {0};
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 5) {
            read_decimal(thrift, field.type, node);
        } else if (field.id == 7 || field.id == 8) {
            int logical = field.id == 7 ? PARQUET_TIME : PARQUET_TIMESTAMP;
            read_moment(thrift, field.type, logical, node);
        } else if (field.id == 10) {
            read_integer(thrift, field.type, node);
        } else {
            bool known = (size_t)field.id < sizeof simple / sizeof *simple && simple[field.id] != 0;
            node->logical = known ? simple[field.id] : PARQUET_OTHER;
            thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
}

static void set_moment(struct parquet_node *node, int logical, int unit)
{
    node->logical = logical;
    node->unit = unit;
    node->adjusted = true;
}

static void set_integer(struct parquet_node *node, int bits, bool is_signed)
{
    node->logical = PARQUET_INTEGER;
    node->bits = bits;
    node->is_signed = is_signed;
}

/* What older writers say instead of a logical type (LogicalTypes.md, the tables of each type). */
static void apply_converted(struct parquet_node *node, int converted)
{
    static const int simple[] = {
        [0] = PARQUET_TEXT,  [1] = PARQUET_MAP,     [3] = PARQUET_LIST,
        [4] = PARQUET_TEXT,  [5] = PARQUET_DECIMAL, [6] = PARQUET_DATE,
        [19] = PARQUET_JSON, [20] = PARQUET_BSON,   [21] = PARQUET_INTERVAL,
    };
    if (converted < 0) return;
    if (converted == 2) node->logical = PARQUET_MAP; /* MAP_KEY_VALUE */
    if (converted == 7 || converted == 8) set_moment(node, PARQUET_TIME, converted - 6);
    if (converted == 9 || converted == 10) set_moment(node, PARQUET_TIMESTAMP, converted - 8);
    if (converted >= 11 && converted <= 18)
        set_integer(node, 8 << ((converted - 11) & 3), converted >= 15);
    if ((size_t)converted < sizeof simple / sizeof *simple && simple[converted] != 0)
        node->logical = simple[converted];
}

/* ---- the schema ---- */

static const char *take_name(struct thrift *thrift, int type, struct arena *arena)
{
    struct str name = thrift_binary(thrift, type);
    if (name.size > 0 &&
        (kernels()->utf8_check((const uint8_t *)name.data, name.size) < name.size ||
         memchr(name.data, 0, name.size) != NULL))
        thrift_fail(thrift, "the name of a column is not UTF-8");
    return thrift->fault != NULL ? "" : arena_text(arena, name.data, name.size);
}

static void read_node(struct thrift *thrift, struct arena *arena, struct parquet_node *node)
{
    struct thrift_field field = {0};
    struct parquet_node logical = {0};
    int converted = -1;
    node->physical = PARQUET_GROUP;
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: node->physical = (int)thrift_integer(thrift, field.type); break;
        case 2: node->width = (int32_t)thrift_integer(thrift, field.type); break;
        case 3: node->repetition = (int)thrift_integer(thrift, field.type); break;
        case 4: node->name = take_name(thrift, field.type, arena); break;
        case 5: node->children = (int32_t)thrift_integer(thrift, field.type); break;
        case 6: converted = (int)thrift_integer(thrift, field.type); break;
        case 7: node->scale = (int32_t)thrift_integer(thrift, field.type); break;
        case 8: node->precision = (int32_t)thrift_integer(thrift, field.type); break;
        case 10: read_logical(thrift, field.type, &logical); break;
        default: thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
    if (logical.logical == PARQUET_PLAIN_VALUE) {
        apply_converted(node, converted);
        return;
    }
    logical.name = node->name, logical.physical = node->physical, logical.width = node->width;
    logical.repetition = node->repetition, logical.children = node->children;
    *node = logical;
}

static enum status check_node(const struct parquet_node *node, size_t index, size_t count,
                              struct err *err)
{
    bool group = node->children > 0 || index == 0;
    if (node->name == NULL) return fail(err, STATUS_FAILED, "element %zu has no name", index);
    if (node->children < 0 || (size_t)node->children > count - index - 1)
        return fail(err, STATUS_FAILED, "\"%.80s\" has %d members among %zu elements", node->name,
                    node->children, count);
    if (group != (node->physical == PARQUET_GROUP))
        return fail(err, STATUS_FAILED, "\"%.80s\" is neither a group nor a column", node->name);
    if (!group && (node->physical < 0 || node->physical > PARQUET_FIXED))
        return fail(err, STATUS_FAILED, "\"%.80s\" has the unknown type %d", node->name,
                    node->physical);
    if (index > 0 && (node->repetition < 0 || node->repetition > PARQUET_REPEATED))
        return fail(err, STATUS_FAILED, "\"%.80s\" has the unknown repetition %d", node->name,
                    node->repetition);
    if (node->physical == PARQUET_FIXED && (node->width <= 0 || node->width > 1 << 24))
        return fail(err, STATUS_FAILED, "\"%.80s\" has values of %d bytes", node->name,
                    node->width);
    return STATUS_OK;
}

static enum status read_schema(struct thrift *thrift, int type, struct parquet_footer *ret,
                               struct err *err)
{
    struct thrift_list list = thrift_list(thrift, type);
    if (list.count > PARQUET_NODES_MAXIMUM)
        return fail(err, STATUS_FAILED, "a schema of %zu elements, expected at most %d", list.count,
                    PARQUET_NODES_MAXIMUM);
    ret->nodes = arena_get(ret->arena, list.count + 1, sizeof *ret->nodes);
    if (ret->nodes == NULL) return fail_memory(err, list.count * sizeof *ret->nodes);
    ret->node_count = list.count;
    ret->leaf_count = 0;
    for (size_t i = 0; i < list.count; i++) {
        read_node(thrift, ret->arena, &ret->nodes[i]);
        TRY(thrift_check(thrift, err));
        TRY(check_node(&ret->nodes[i], i, list.count, err));
        ret->leaf_count += ret->nodes[i].physical != PARQUET_GROUP;
    }
    if (ret->leaf_count > PARQUET_COLUMNS_MAXIMUM)
        return fail(err, STATUS_FAILED, "%zu columns, expected at most %d", ret->leaf_count,
                    PARQUET_COLUMNS_MAXIMUM);
    return STATUS_OK;
}

/* ---- row groups ---- */

static void read_column_metadata(struct thrift *thrift, int type, struct parquet_chunk *ret)
{
    struct thrift_field field = {0};
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: ret->physical = (int)thrift_integer(thrift, field.type); break;
        case 4: ret->codec = (int)thrift_integer(thrift, field.type); break;
        case 5: ret->values = thrift_integer(thrift, field.type); break;
        case 6: ret->unpacked = thrift_integer(thrift, field.type); break;
        case 7: ret->packed = thrift_integer(thrift, field.type); break;
        case 9: ret->data = thrift_integer(thrift, field.type); break;
        case 11: ret->dictionary = thrift_integer(thrift, field.type); break;
        default: thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
}

static void read_chunk(struct thrift *thrift, struct parquet_chunk *ret)
{
    struct thrift_field field = {0};
    bool found = false;
    *ret = (struct parquet_chunk){.physical = -1};
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 3) {
            read_column_metadata(thrift, field.type, ret);
            found = true;
        } else if (field.id == 1) {
            if (thrift_binary(thrift, field.type).size > 0)
                thrift_fail(thrift, "a column in another file, which is not followed");
        } else if (field.id == 8) {
            thrift_fail(thrift, "an encrypted column");
        } else {
            thrift_skip(thrift, field.type);
        }
    }
    if (!found) thrift_fail(thrift, "a column without metadata");
    thrift_leave(thrift);
}

static enum status check_chunk(const struct parquet_footer *footer,
                               const struct parquet_chunk *chunk, struct err *err)
{
    int64_t end = (int64_t)footer->start;
    if (chunk->data < 4 || chunk->data >= end || chunk->dictionary < 0 ||
        chunk->dictionary >= end || chunk->packed < 0 || chunk->unpacked < 0 || chunk->values < 0)
        return fail(err, STATUS_FAILED, "its pages at %lld lie outside of the file",
                    (long long)chunk->data);
    return STATUS_OK;
}

/* The row group that the reader stands before; its chunks where `ret` is given. */
static enum status read_group(struct thrift *thrift, const struct parquet_footer *footer,
                              int64_t *ret_rows, struct parquet_chunk *ret, struct err *err)
{
    struct thrift_field field = {0};
    struct thrift_list list = {0};
    *ret_rows = -1;
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return thrift_check(thrift, err);
    while (thrift_next(thrift, &field)) {
        if (field.id == 3) {
            *ret_rows = thrift_integer(thrift, field.type);
        } else if (field.id == 1) {
            list = thrift_list(thrift, field.type);
            for (size_t i = 0; i < list.count && thrift->fault == NULL; i++) {
                struct parquet_chunk chunk;
                read_chunk(thrift, &chunk);
                if (ret != NULL && i < footer->leaf_count) ret[i] = chunk;
            }
        } else {
            thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
    TRY(thrift_check(thrift, err));
    if (list.count != footer->leaf_count)
        return fail(err, STATUS_FAILED, "%zu columns, the schema has %zu", list.count,
                    footer->leaf_count);
    if (*ret_rows < 0) return fail(err, STATUS_FAILED, "it has no number of rows");
    return STATUS_OK;
}

enum status parquet_group_read(const struct parquet_footer *footer, size_t group,
                               struct parquet_chunk *ret, struct err *err)
{
    int64_t rows = 0;
    struct thrift thrift = thrift_over(footer->bytes, footer->size);
    thrift.at = footer->groups[group].at;
    TRY(read_group(&thrift, footer, &rows, ret, err));
    for (size_t i = 0; i < footer->leaf_count && rows > 0; i++)
        TRY(check_chunk(footer, &ret[i], err));
    return STATUS_OK;
}

static enum status read_groups(struct thrift *thrift, int type, struct parquet_footer *ret,
                               struct err *err)
{
    struct thrift_list list = thrift_list(thrift, type);
    TRY(thrift_check(thrift, err));
    memory_free(ret->groups);
    ret->group_count = 0;
    TRY(NEW(&ret->groups, list.count, err));
    for (size_t i = 0; i < list.count; i++) {
        ret->groups[i].at = thrift->at;
        enum status status = read_group(thrift, ret, &ret->groups[i].rows, NULL, err);
        if (status != STATUS_OK) return fail_within(err, status, "row group %zu", i + 1);
        ret->group_count++;
    }
    return STATUS_OK;
}

/* ---- key-values ---- */

static void read_pair(struct thrift *thrift, struct metadata_pair *ret)
{
    struct thrift_field field = {0};
    *ret = (struct metadata_pair){0};
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return;
    while (thrift_next(thrift, &field)) {
        if (field.id == 1)
            ret->key = thrift_binary(thrift, field.type);
        else if (field.id == 2)
            ret->value = thrift_binary(thrift, field.type);
        else
            thrift_skip(thrift, field.type);
    }
    thrift_leave(thrift);
}

static bool is_text(struct str text)
{
    return text.size == 0 ||
           kernels()->utf8_check((const uint8_t *)text.data, text.size) == text.size;
}

/* ARROW:schema is what pyarrow knew of its own types: the columns here say it themselves. */
static enum status read_pairs(struct thrift *thrift, int type, struct parquet_footer *ret,
                              struct err *err)
{
    struct thrift_list list = thrift_list(thrift, type);
    struct metadata *metadata = &ret->metadata;
    if (list.count > 10000)
        return fail(err, STATUS_FAILED, "%zu key-values, expected at most 10000", list.count);
    metadata->count = 0;
    metadata->pairs = arena_get(ret->arena, list.count + 1, sizeof *metadata->pairs);
    if (metadata->pairs == NULL) return fail_memory(err, list.count * sizeof *metadata->pairs);
    for (size_t i = 0; i < list.count && thrift->fault == NULL; i++) {
        struct metadata_pair *pair = &metadata->pairs[metadata->count];
        read_pair(thrift, pair);
        metadata->count +=
            is_text(pair->key) && is_text(pair->value) && !str_is(pair->key, "ARROW:schema");
    }
    return STATUS_OK;
}

/* ---- the whole ---- */

static enum status check_totals(const struct parquet_footer *footer, struct err *err)
{
    int64_t rows = 0;
    if (footer->node_count == 0) return fail(err, STATUS_FAILED, "it has no schema");
    for (size_t i = 0; i < footer->group_count; i++)
        if (__builtin_add_overflow(rows, footer->groups[i].rows, &rows))
            return fail(err, STATUS_FAILED, "the row groups have more rows than 64 bits count");
    if (rows == footer->rows) return STATUS_OK;
    return fail(err, STATUS_FAILED, "the row groups have %lld rows, the file %lld", (long long)rows,
                (long long)footer->rows);
}

static enum status parse(struct parquet_footer *ret, struct err *err)
{
    struct thrift thrift = thrift_over(ret->bytes, ret->size);
    struct thrift_field field = {0};
    if (!thrift_enter(&thrift, THRIFT_STRUCT)) return thrift_check(&thrift, err);
    while (thrift_next(&thrift, &field)) {
        if (field.id == 2) {
            enum status status = read_schema(&thrift, field.type, ret, err);
            if (status != STATUS_OK) return fail_within(err, status, "schema");
        } else if (field.id == 3) {
            ret->rows = thrift_integer(&thrift, field.type);
        } else if (field.id == 4) {
            TRY(read_groups(&thrift, field.type, ret, err));
        } else if (field.id == 5) {
            TRY(read_pairs(&thrift, field.type, ret, err));
        } else if (field.id == 8) {
            thrift_fail(&thrift, "the file is encrypted");
        } else {
            thrift_skip(&thrift, field.type);
        }
    }
    TRY(thrift_check(&thrift, err));
    return check_totals(ret, err);
}

static enum status fail_cut(struct err *err)
{
    (void)fail(err, STATUS_FAILED, "it begins as a Parquet file and does not end as one");
    err_hint(err, "the file is truncated or its writer did not finish");
    return STATUS_FAILED;
}

static enum status find_footer(struct input *input, uint64_t *ret_start, uint32_t *ret_size,
                               struct err *err)
{
    uint8_t head[4], tail[8];
    int64_t size = input_size(input);
    if (size < 12) return fail_cut(err);
    TRY(input_read_at(input, head, sizeof head, 0, err));
    TRY(input_read_at(input, tail, sizeof tail, (uint64_t)size - sizeof tail, err));
    if (memcmp(head, "PARE", 4) == 0 || memcmp(tail + 4, "PARE", 4) == 0) {
        (void)fail(err, STATUS_FAILED, "found a Parquet file with an encrypted footer");
        err_hint(err, "decrypt it with the program that wrote it");
        return STATUS_FAILED;
    }
    if (memcmp(head, "PAR1", 4) != 0)
        return fail(err, STATUS_FAILED, "it does not begin as a Parquet file");
    if (memcmp(tail + 4, "PAR1", 4) != 0) return fail_cut(err);
    memcpy(ret_size, tail, sizeof *ret_size);
    if (*ret_size > PARQUET_FOOTER_MAXIMUM || *ret_size > size - 12)
        return fail(err, STATUS_FAILED,
                    "a footer of %u bytes in a file of %lld, expected at most %u", *ret_size,
                    (long long)size, PARQUET_FOOTER_MAXIMUM);
    *ret_start = (uint64_t)size - 8 - *ret_size;
    return STATUS_OK;
}

enum status parquet_footer_read(struct input *input, struct parquet_footer *ret, struct err *err)
{
    uint32_t size = 0;
    TRY(find_footer(input, &ret->start, &size, err));
    ret->bytes = memory_get_raw(1, size);
    if (ret->bytes == NULL) return fail_memory(err, size);
    ret->size = size;
    TRY(input_read_at(input, ret->bytes, size, ret->start, err));
    TRY(arena_open(&ret->arena, err));
    enum status status = parse(ret, err);
    return status == STATUS_OK ? status : fail_within(err, status, "footer");
}

void parquet_footer_release(struct parquet_footer *footer)
{
    memory_free(footer->groups);
    memory_free(footer->bytes);
    arena_close(&footer->arena);
    *footer = (struct parquet_footer){0};
}
