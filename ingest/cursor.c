/* ingest/cursor.c: see cursor.h. */
#include "ingest/cursor.h"

#include "base/digest.h"
#include "ingest/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define POSITION_BYTES (1u << 20)
#define SLICE_ROWS     1000 /* digests in one position */
#define SLICE_BYTES    (SLICE_ROWS * 64u)

/* ---- how often each row is there ---- */

struct row_key {
    uint64_t a, b; /* half of its digest */
    int64_t times; /* 0 = free slot */
};
struct row_bag {
    struct row_key *slots;
    size_t room, used; /* room: power of two */
};

static struct row_key *bag_slot(const struct row_bag *bag, uint64_t a, uint64_t b)
{
    size_t at = (size_t)a & (bag->room - 1);
    while (bag->slots[at].times != 0 && (bag->slots[at].a != a || bag->slots[at].b != b))
        at = (at + 1) & (bag->room - 1);
    return &bag->slots[at];
}

static enum status bag_grow(struct row_bag *bag, struct err *err)
{
    struct row_bag more = {.room = bag->room == 0 ? 1024 : bag->room * 2, .used = bag->used};
    if (NEW(&more.slots, more.room, err) != STATUS_OK) {
        err_hint(err, "every row within --lag is remembered: give a shorter one, or more --memory");
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < bag->room; i++)
        if (bag->slots[i].times != 0)
            *bag_slot(&more, bag->slots[i].a, bag->slots[i].b) = bag->slots[i];
    memory_free(bag->slots);
    *bag = more;
    return STATUS_OK;
}

static enum status bag_add(struct row_bag *bag, uint64_t a, uint64_t b, int64_t times,
                           struct err *err)
{
    if (bag->used * 4 >= bag->room * 3) TRY(bag_grow(bag, err));
    struct row_key *slot = bag_slot(bag, a, b);
    bag->used += slot->times == 0;
    *slot = (struct row_key){a, b, slot->times + times};
    return STATUS_OK;
}

/* ---- the position ---- */

struct cursor {
    struct watermarks *watermarks;
    struct arena *arena;
    const char *name, *column;
    struct cursor_lag lag;
    struct digest query;
    struct cursor_position before;
    struct row_bag
        known; /* times: how often it was read and not met again yet; -1 = met as often */
    struct row_bag recent;
    int64_t without_value, late;
};

/* The string under `key` in a flat object; NULL where it is absent or null. */
static enum status text_under(struct cursor *cursor, const struct json *json, const char *key,
                              const char **ret, struct err *err)
{
    OWNED(bytes_release) struct bytes scratch = bytes_limited(POSITION_BYTES);
    *ret = NULL;
    for (size_t i = 1; i + 1 < json->count; i = json->tokens[i + 1].next) {
        struct str found;
        TRY(json_string(json, &json->tokens[i], &scratch, &found, err));
        if (!str_is(found, key)) continue;
        const struct json_token *value = &json->tokens[i + 1];
        if (value->kind == JSON_NULL) return STATUS_OK;
        scratch.size = 0;
        if (value->kind == JSON_STRING)
            TRY(json_string(json, value, &scratch, &found, err));
        else
            found = json_raw(json, value);
        *ret = arena_text(cursor->arena, found.data, found.size);
        return *ret == NULL ? fail_memory(err, found.size) : STATUS_OK;
    }
    return STATUS_OK;
}

static enum status number_under(struct cursor *cursor, const struct json *json, const char *key,
                                int64_t *ret, struct err *err)
{
    const char *text;
    TRY(text_under(cursor, json, key, &text, err));
    *ret = text == NULL ? -1 : strtoll(text, NULL, 10);
    return STATUS_OK;
}

static enum status check_same(const struct cursor *cursor, const char *column, const char *query,
                              struct err *err)
{
    char digest[DIGEST_TEXT];
    bool same_query = query != NULL && strcmp(query, digest_text(&cursor->query, digest)) == 0;
    if (column != NULL && strcmp(column, cursor->column) == 0 && same_query) return STATUS_OK;
    if (column == NULL || strcmp(column, cursor->column) != 0)
        (void)fail(err, STATUS_USAGE, "the runs before went by column \"%s\", found --cursor %s",
                   column == NULL ? "" : column, cursor->column);
    else
        (void)fail(err, STATUS_USAGE, "the runs before read another query of this name");
    err_hint(err, "go on as before, or begin a dataset of its own: --into");
    return STATUS_USAGE;
}

static enum status read_slice(struct cursor *cursor, int64_t slice, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(SLICE_BYTES);
    char item[32];
    bool found = false;
    snprintf(item, sizeof item, "%" PRId64, slice);
    TRY(watermark_read(cursor->watermarks, cursor->name, "rows", str_of(item), &text, &found, err));
    if (!found) return fail(err, STATUS_FAILED, "the catalog has lost rows of its position");
    TRY(bytes_append(&text, "", 1, err));
    uint64_t a, b;
    int64_t times;
    int size = 0;
    for (const char *at = (const char *)text.data;
         sscanf(at, "%16" SCNx64 "%16" SCNx64 ":%" SCNd64 " %n", &a, &b, &times, &size) == 3;
         at += size)
        TRY(bag_add(&cursor->known, a, b, times, err));
    return STATUS_OK;
}

static enum status take_position(struct cursor *cursor, const struct bytes *text, struct err *err)
{
    OWNED(json_release) struct json json = {0};
    const char *column, *query;
    int64_t slices;
    TRY(json_parse(&json, text->data, text->size, err));
    TRY(text_under(cursor, &json, "column", &column, err));
    TRY(text_under(cursor, &json, "query", &query, err));
    TRY(check_same(cursor, column, query, err));
    TRY(text_under(cursor, &json, "value", &cursor->before.value, err));
    TRY(text_under(cursor, &json, "kind", &cursor->before.kind, err));
    TRY(text_under(cursor, &json, "lower", &cursor->before.lower, err));
    TRY(number_under(cursor, &json, "records", &cursor->before.records, err));
    TRY(number_under(cursor, &json, "below", &cursor->before.below, err));
    TRY(number_under(cursor, &json, "slices", &slices, err));
    for (int64_t i = 0; i < slices; i++)
        TRY(read_slice(cursor, i, err));
    return STATUS_OK;
}

enum status cursor_open(struct cursor **ret, const struct source_options *options,
                        const char *query, struct err *err)
{
    OWNED(cursor_close) struct cursor *cursor = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(POSITION_BYTES);
    TRY(NEW(&cursor, 1, err));
    cursor->watermarks = options->watermarks;
    cursor->name = options->name;
    cursor->column = options->cursor;
    cursor->query = digest_of(query, strlen(query));
    TRY(cursor_lag_parse(options->lag == NULL ? "" : options->lag, &cursor->lag, err));
    TRY(arena_open(&cursor->arena, err));
    TRY(bag_grow(&cursor->known, err));
    TRY(watermark_read(cursor->watermarks, cursor->name, "cursor", str_of(""), &text,
                       &cursor->before.known, err));
    if (cursor->before.known) TRY(take_position(cursor, &text, err));
    *ret = cursor;
    cursor = NULL;
    return STATUS_OK;
}

const struct cursor_lag *cursor_lag(const struct cursor *cursor)
{
    return &cursor->lag;
}

const struct cursor_position *cursor_before(const struct cursor *cursor)
{
    return &cursor->before;
}

/* ---- rows ---- */

enum status cursor_keeps(struct cursor *cursor, struct str row, bool old, bool recent, bool *ret,
                         struct err *err)
{
    uint64_t key[2];
    *ret = true;
    if (!old && !recent) return STATUS_OK;
    struct digest digest = digest_of(row.data, row.size);
    memcpy(key, digest.bytes, sizeof key);
    if (recent) TRY(bag_add(&cursor->recent, key[0], key[1], 1, err));
    if (!old) return STATUS_OK;
    struct row_key *slot = bag_slot(&cursor->known, key[0], key[1]);
    *ret = slot->times <= 0;
    if (!*ret) slot->times = slot->times == 1 ? -1 : slot->times - 1; /* -1: met, as often */
    return STATUS_OK;
}

void cursor_note(struct cursor *cursor, int64_t without_value, int64_t below_now)
{
    cursor->without_value = without_value;
    if (below_now > cursor->before.below && cursor->before.below >= 0)
        cursor->late = below_now - cursor->before.below;
}

/* ---- moving ---- */

static enum status write_slice(struct cursor *cursor, struct bytes *text, int64_t *slices,
                               struct err *err)
{
    char item[32];
    snprintf(item, sizeof item, "%" PRId64, (*slices)++);
    struct str position = {(const char *)text->data, text->size};
    TRY(watermark_move(cursor->watermarks, cursor->name, "rows", str_of(item), position, err));
    text->size = 0;
    return STATUS_OK;
}

static enum status write_recent(struct cursor *cursor, int64_t *ret_slices, struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(SLICE_BYTES);
    size_t rows = 0;
    *ret_slices = 0;
    for (size_t i = 0; i < cursor->recent.room; i++) {
        const struct row_key *key = &cursor->recent.slots[i];
        if (key->times == 0) continue;
        TRY(bytes_format(&text, err, "%016" PRIx64 "%016" PRIx64 ":%" PRId64 " ", key->a, key->b,
                         key->times));
        if (++rows % SLICE_ROWS == 0) TRY(write_slice(cursor, &text, ret_slices, err));
    }
    return text.size == 0 ? STATUS_OK : write_slice(cursor, &text, ret_slices, err);
}

static enum status add_text(struct bytes *json, const char *key, const char *value, struct err *err)
{
    TRY(bytes_format(json, err, "%s\"%s\":", json->size == 1 ? "" : ",", key));
    if (value == NULL) return bytes_append_text(json, "null", err);
    return bytes_append_json(json, str_of(value), err);
}

enum status cursor_move(struct cursor *cursor, const struct cursor_position *now, struct err *err)
{
    OWNED(bytes_release) struct bytes json = bytes_limited(POSITION_BYTES);
    char digest[DIGEST_TEXT];
    int64_t slices;
    TRY(write_recent(cursor, &slices, err));
    TRY(bytes_append_text(&json, "{", err));
    TRY(add_text(&json, "column", cursor->column, err));
    TRY(add_text(&json, "value", now->value, err));
    TRY(add_text(&json, "kind", now->kind, err));
    TRY(add_text(&json, "lower", now->lower, err));
    TRY(add_text(&json, "query", digest_text(&cursor->query, digest), err));
    TRY(bytes_format(&json, err,
                     ",\"records\":%" PRId64 ",\"below\":%" PRId64 ",\"slices\":%" PRId64 "}",
                     now->records, now->below, slices));
    return watermark_move(cursor->watermarks, cursor->name, "cursor", str_of(""),
                          (struct str){(const char *)json.data, json.size}, err);
}

void cursor_remark(const struct cursor *cursor, char *ret, size_t room)
{
    size_t used = 0;
    ret[0] = '\0';
    if (cursor->without_value > 0)
        used = (size_t)snprintf(ret, room, "%" PRId64 " row%s without a value in \"%.40s\"",
                                cursor->without_value, cursor->without_value == 1 ? "" : "s",
                                cursor->column);
    if (cursor->late > 0 && used < room)
        snprintf(ret + used, room - used,
                 "%s%" PRId64 " row%s came later than --lag reaches and %s left out",
                 used == 0 ? "" : ", ", cursor->late, cursor->late == 1 ? "" : "s",
                 cursor->late == 1 ? "is" : "are");
}

void cursor_close(struct cursor **cursor)
{
    struct cursor *gone = *cursor;
    *cursor = NULL;
    if (gone == NULL) return;
    memory_free(gone->known.slots);
    memory_free(gone->recent.slots);
    arena_close(&gone->arena);
    memory_free(gone);
}

/* ---- the lag ---- */

enum status cursor_lag_parse(const char *text, struct cursor_lag *ret, struct err *err)
{
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    *ret = (struct cursor_lag){0};
    if (text[0] == '\0') return STATUS_OK;
    ret->number = strtod(text, &end);
    bool good = end != text && ret->number >= 0 && ret->number < 1e15 && strlen(text) < 32;
    for (size_t i = 0; i < 4 && good && *end != '\0' && !ret->is_time; i++) {
        if (end[0] != units[i].letter || end[1] != '\0') continue;
        ret->number *= units[i].seconds;
        ret->is_time = true;
    }
    if (!good || (*end != '\0' && !ret->is_time))
        return fail(
            err, STATUS_USAGE,
            "option --lag: found \"%s\", expected a number, or a time like 90s, 10m, 2h, 3d", text);
    snprintf(ret->text, sizeof ret->text, "%s", text);
    return STATUS_OK;
}
