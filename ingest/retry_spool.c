/* ingest/retry_spool.c: rejected records put behind each other as if they were a file. */
#include "ingest/retry_state.h"

#include "ingest/csv_parts.h"
#include "ingest/decoder.h"
#include "ingest/feed_parts.h"

#include <stdio.h>

extern const struct source_kind source_csv, source_feed, source_lines;

/* ---- lists ---- */

enum status retry_room(void *items, size_t *room, size_t count, size_t size, struct err *err)
{
    void **list = items;
    if (count < *room) return STATUS_OK;
    size_t larger = *room == 0 ? 16 : *room * 2;
    void *grown = memory_resize(*list, larger, size);
    if (grown == NULL) return fail_memory(err, larger * size);
    *list = grown;
    *room = larger;
    return STATUS_OK;
}

static enum status keep_text(struct retry *retry, struct str text, const char **ret,
                             struct err *err)
{
    *ret = arena_text(retry->arena, text.data, text.size);
    return *ret == NULL ? fail_memory(err, text.size) : STATUS_OK;
}

enum status retry_refuse(struct retry *retry, const struct retry_record *record, const char *rule,
                         const char *message, struct err *err)
{
    const char *raw, *text, *path = NULL;
    TRY(retry_room(&retry->refused, &retry->refused_room, retry->refused_count,
                   sizeof *retry->refused, err));
    TRY(keep_text(retry, record->raw, &raw, err));
    TRY(keep_text(retry, str_of(message), &text, err));
    if (record->path.data != NULL) TRY(keep_text(retry, record->path, &path, err));
    retry->refused[retry->refused_count++] = (struct reject){
        .source = str_of(record->source),
        .record = record->origin.record,
        .byte_offset = record->origin.byte_offset,
        .line = record->origin.line,
        .rule = rule,
        .message = str_of(text),
        .raw = {raw, record->raw.size},
        .path = {path, record->path.size},
    };
    return STATUS_OK;
}

/* ---- the spool ---- */

static enum status add_name(struct spool *spool, const struct retry_reader *reader,
                            const char *name, struct err *err)
{
    char quote = (char)reader->quote, escape = reader->escape == 0 ? quote : (char)reader->escape;
    if (quote == 0) return spool_add(spool, name, strlen(name), err);
    TRY(spool_add(spool, &quote, 1, err));
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == quote || *at == escape) TRY(spool_add(spool, &escape, 1, err));
        TRY(spool_add(spool, at, 1, err));
    }
    return spool_add(spool, &quote, 1, err);
}

static enum status begin_csv(struct retry *retry, const struct retry_reader *reader,
                             struct err *err)
{
    for (size_t i = 0; i < reader->column_count; i++) {
        if (i > 0) TRY(spool_add(&retry->spool, reader->delimiter, strlen(reader->delimiter), err));
        TRY(add_name(&retry->spool, reader, reader->columns[i], err));
    }
    return spool_add(&retry->spool, "\n", 1, err);
}

static enum status begin_group(struct retry *retry, const char *name,
                               const struct retry_reader *reader, struct err *err)
{
    const struct source_kind *kind = retry->notes.kind;
    TRY(retry_room(&retry->groups, &retry->group_room, retry->group_count, sizeof *retry->groups,
                   err));
    struct group *group = &retry->groups[retry->group_count++];
    *group = (struct group){
        .name = name, .reader = reader, .begin = retry->spool.size, .first = retry->origin_count};
    TRY(spool_add(&retry->spool, "", 0, err));
    if (kind == &source_csv) TRY(begin_csv(retry, reader, err));
    if (kind == &source_feed)
        TRY(spool_add(&retry->spool, reader->head, strlen(reader->head), err));
    group->end = retry->spool.size;
    return STATUS_OK;
}

static enum status end_group(struct retry *retry, struct err *err)
{
    struct group *group = retry->group_count == 0 ? NULL : &retry->groups[retry->group_count - 1];
    if (group == NULL) return STATUS_OK;
    if (retry_takes_files(retry->notes.kind)) TRY(retry_end_files(retry, group, err));
    if (retry->notes.kind == &source_feed)
        TRY(spool_add(&retry->spool, group->reader->tail, strlen(group->reader->tail), err));
    group->end = retry->spool.size;
    return STATUS_OK;
}

enum status retry_end(struct retry *retry, struct err *err)
{
    return end_group(retry, err);
}

static bool is_blank(struct str raw)
{
    return str_trim(raw).size == 0;
}

/* A record alone must be one; among others an open quote would swallow them. */
static bool is_one_csv(const struct retry_reader *reader, struct str raw, const char **ret_rule,
                       const char **ret_message)
{
    struct csv_dialect dialect = {
        .delimiter = (uint8_t)reader->delimiter[0],
        .quote = (uint8_t)reader->quote,
        .escape = (uint8_t)reader->escape,
        .fields = reader->column_count,
    };
    struct csv_record record;
    size_t more = strlen(reader->delimiter) - 1;
    memcpy(dialect.delimiter_more, reader->delimiter + 1, more);
    dialect.delimiter_more_size = (uint8_t)more;
    *ret_rule = "quote";
    *ret_message = "found a quote that does not end, or text behind one";
    if (raw.size == 0) {
        *ret_rule = "records";
        *ret_message = "found nothing, expected a record";
        return reader->column_count == 1;
    }
    (void)csv_record_find(&dialect, (const uint8_t *)raw.data, raw.size, true, &record);
    if (record.fault != CSV_FINE) return false;
    *ret_rule = "records";
    *ret_message = "found more than one record, expected one";
    return record.end == raw.size;
}

/* Alone between what stood in front of the entries and behind them it must be one. */
static enum status is_one_entry(struct retry *retry, const struct retry_reader *reader,
                                struct str raw, const char **ret_rule, const char **ret_message,
                                struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(INT32_MAX);
    OWNED(input_close) struct input *input = NULL;
    OWNED(feed_reader_close) struct feed_reader *feed = NULL;
    size_t count = 0;
    struct err fault = {0};
    TRY(bytes_append_text(&text, reader->head, err));
    TRY(bytes_append(&text, raw.data, raw.size, err));
    TRY(bytes_append_text(&text, reader->tail, err));
    TRY(input_from_memory(&input, text.data, text.size, "entry", err));
    TRY(feed_reader_open(&feed, input, 2 * (uint64_t)text.size, NULL, err));
    enum status status = STATUS_OK;
    for (bool end = false; status == STATUS_OK && !end;) {
        OWNED(feed_entries_release) struct feed_entries entries = {0};
        status = feed_read(feed, 2, SIZE_MAX, &entries, &end, &fault);
        count += entries.count;
    }
    if (status == STATUS_MEMORY) return fail_memory(err, text.size);
    *ret_rule = status != STATUS_OK ? "xml" : count == 1 ? NULL : "records";
    *ret_message = status != STATUS_OK ? arena_format(retry->arena, "%s", fault.message)
                                       : "found none or several entries, expected one";
    return *ret_message == NULL ? fail_memory(err, 0) : STATUS_OK;
}

static void is_one_line(const struct retry_reader *reader, struct str raw, const char **ret_rule,
                        const char **ret_message)
{
    bool skipped = raw.size == 0 && reader->pattern != NULL;
    bool several = memchr(raw.data, '\n', raw.size) != NULL || memchr(raw.data, '\r', raw.size);
    *ret_rule = skipped || several ? "records" : NULL;
    *ret_message = skipped ? "found nothing, expected a line" : "found lines, expected one";
}

/* *ret_rule NULL: `raw` (decoded) is one record. */
static enum status check_one(struct retry *retry, const struct retry_reader *reader, struct str raw,
                             const char **ret_rule, const char **ret_message, struct err *err)
{
    const struct source_kind *kind = retry->notes.kind;
    bool one;
    if (kind == &source_feed) return is_one_entry(retry, reader, raw, ret_rule, ret_message, err);
    if (kind == &source_lines) {
        is_one_line(reader, raw, ret_rule, ret_message);
        return STATUS_OK;
    }
    if (kind == &source_csv) {
        one = is_one_csv(reader, raw, ret_rule, ret_message);
    } else {
        one = !is_blank(raw);
        *ret_rule = "json";
        *ret_message = "found nothing, expected a record";
    }
    if (one) *ret_rule = NULL;
    return STATUS_OK;
}

/* One line: JSON has no line ends within strings. */
static enum status add_json(struct retry *retry, struct str raw, struct err *err)
{
    OWNED(memory_release) char *line = memory_copy_text(raw.data, raw.size);
    if (line == NULL) return fail_memory(err, raw.size);
    for (size_t i = 0; i < raw.size; i++)
        if (line[i] == '\n' || line[i] == '\r') line[i] = ' ';
    return spool_add(&retry->spool, line, raw.size, err);
}

/* The text of the record in UTF-8; what is no text in its encoding will be found by the reader. */
static enum status decode(struct retry *retry, const struct retry_reader *reader, struct str *raw,
                          struct err *err)
{
    struct encoding encoding;
    uint64_t wrong;
    if (retry->are_texts || reader == NULL || reader->encoding == NULL) return STATUS_OK;
    TRY(encoding_named(reader->encoding, &encoding, err));
    if (encoding_is_utf8(&encoding)) return STATUS_OK;
    retry->decoded.size = 0;
    TRY(decode_text(&encoding, *raw, &retry->decoded, &wrong, err));
    *raw = (struct str){(const char *)retry->decoded.data, retry->decoded.size};
    return STATUS_OK;
}

static struct str without_line_end(struct str raw)
{
    if (raw.size > 0 && raw.data[raw.size - 1] == '\n') raw.size--;
    if (raw.size > 0 && raw.data[raw.size - 1] == '\r') raw.size--;
    return raw;
}

static const struct retry_reader *reader_of(const struct retry *retry, const char *name)
{
    for (size_t i = 0; i < retry->notes.count; i++)
        if (strcmp(retry->notes.readers[i].name, name) == 0) return &retry->notes.readers[i];
    return NULL;
}

/* Whether what is known suffices to read a record of this kind alone. */
static bool is_readable(const struct source_kind *kind, const struct retry_reader *reader)
{
    if (kind == &source_feed) return reader != NULL && reader->head != NULL;
    return reader != NULL || (kind != &source_csv && kind != &source_lines);
}

/* Of records that were too long only the beginning was kept. */
static bool is_beginning(const struct retry_record *record)
{
    char rule[32] = "size";
    if (record->rule.data != NULL)
        snprintf(rule, sizeof rule, "%.*s", (int)record->rule.size, record->rule.data);
    return record->raw.size == RAW_BYTES_MAXIMUM && strstr(rule, "size") != NULL;
}

static enum status add_origin(struct retry *retry, struct group *group, const struct origin *origin,
                              struct err *err)
{
    TRY(spool_add(&retry->origins, origin, sizeof *origin, err));
    retry->origin_count++;
    group->records++;
    group->end = retry->spool.size;
    return STATUS_OK;
}

static enum status add_text(struct retry *retry, struct group *group, struct str raw,
                            const struct origin *origin, struct err *err)
{
    bool plain = retry->notes.kind == &source_csv || retry->notes.kind == &source_lines ||
                 retry->notes.kind == &source_feed;
    TRY(plain ? spool_add(&retry->spool, raw.data, raw.size, err) : add_json(retry, raw, err));
    TRY(spool_add(&retry->spool, "\n", 1, err));
    return add_origin(retry, group, origin, err);
}

static enum status group_for(struct retry *retry, const char *source,
                             const struct retry_reader *reader, struct group **ret, struct err *err)
{
    struct group *last = retry->group_count == 0 ? NULL : &retry->groups[retry->group_count - 1];
    if (last == NULL || strcmp(last->name, source) != 0) {
        TRY(end_group(retry, err));
        TRY(begin_group(retry, source, reader, err));
    }
    *ret = &retry->groups[retry->group_count - 1];
    return STATUS_OK;
}

static enum status add_file(struct retry *retry, const struct retry_record *record,
                            const struct retry_reader *reader, struct err *err)
{
    struct group *group;
    bool added;
    TRY(group_for(retry, record->source, reader, &group, err));
    TRY(retry_add_file(retry, group, record, &added, err));
    return STATUS_OK;
}

enum status retry_add(struct retry *retry, const struct retry_record *record, struct err *err)
{
    const char *rule = NULL, *message = NULL;
    const struct retry_reader *reader = reader_of(retry, record->source);
    struct str raw = record->raw;
    struct group *group;
    if (!is_readable(retry->notes.kind, reader))
        return retry_refuse(retry, record, "retry",
                            "found nothing on how this record is to be read", err);
    if (is_beginning(record))
        return retry_refuse(retry, record, "retry",
                            "found only its first 64 KiB, expected all of it; read its source "
                            "again with larger limits",
                            err);
    if (retry_takes_files(retry->notes.kind)) return add_file(retry, record, reader, err);
    TRY(decode(retry, reader, &raw, err));
    if (retry->notes.kind != &source_feed) raw = without_line_end(raw);
    TRY(check_one(retry, reader, raw, &rule, &message, err));
    if (rule != NULL) return retry_refuse(retry, record, rule, message, err);
    TRY(group_for(retry, record->source, reader, &group, err));
    return add_text(retry, group, raw, &record->origin, err);
}
