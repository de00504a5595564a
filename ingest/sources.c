/* ingest/sources.c: the kinds of sources there are, and which one a file is. */
#include "ingest/decoder.h"
#include "ingest/source.h"

#include "columnar/kernels.h"

#define KINDS "CSV, TSV, JSON, SQLite, Arrow, Parquet, RSS, Atom, PNG or JPEG"

extern const struct source_kind source_csv, source_tsv, source_jsonl, source_images, source_sqlite,
    source_postgresql, source_arrow, source_feed, source_parquet, source_text, source_lines;

const struct source_kind *const source_kinds[] = {
    &source_csv,     &source_tsv,        &source_jsonl, &source_images,
    &source_sqlite,  &source_postgresql, &source_arrow, &source_feed,
    &source_parquet, &source_text,       &source_lines, NULL,
};

const struct source_kind *source_kind_named(struct str name)
{
    for (size_t i = 0; source_kinds[i] != NULL; i++)
        if (str_is(name, source_kinds[i]->name)) return source_kinds[i];
    return NULL;
}

/* What is told apart by its first bytes and not read here; never taken for text. */
struct foreign {
    const char *magic;
    size_t size;
    const char *name, *hint;
};
static const struct foreign foreigners[] = {
    {"7z\xbc\xaf", 4, "a 7-Zip archive", "pack it as tar or zip"},
    {"Rar!", 4, "a RAR archive", "pack it as tar or zip"},
    {"\x04\x22\x4d\x18", 4, "an LZ4 file", "unpack it: lz4cat FILE | tamis-ingest -"},
    {"%PDF", 4, "a PDF document", "ingest reads CSV, TSV, JSON, SQLite, PNG and JPEG"},
    {"GIF8", 4, "a GIF picture", "ingest reads CSV, TSV, JSON, SQLite, PNG and JPEG"},
};

static const struct foreign *foreign_of(const struct source_probe *probe)
{
    for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++) {
        const struct foreign *foreign = &foreigners[i];
        if (probe->head_size >= foreign->size &&
            memcmp(probe->head, foreign->magic, foreign->size) == 0)
            return foreign;
    }
    return NULL;
}

static bool has_controls(struct str text)
{
    for (size_t i = 0; i < text.size; i++)
        if ((uint8_t)text.data[i] < 0x20 && memchr("\t\n\r\f", text.data[i], 4) == NULL)
            return true;
    return false;
}

/* Kinds look for words and marks in ASCII; text in UTF-16 or UTF-32 has them too. */
static enum status narrow(struct source_probe *probe, struct bytes *text, struct err *err)
{
    struct encoding encoding;
    uint64_t wrong;
    TRY(encoding_of(probe->head, probe->head_size, false, NULL, ENCODING_UNICODE, &encoding, err));
    if (encoding.unit == 1) return STATUS_OK;
    struct str head = {(const char *)probe->head, probe->head_size};
    TRY(decode_text(&encoding, head, text, &wrong, err));
    if (wrong > 1 || has_controls((struct str){(const char *)text->data, text->size}))
        return STATUS_OK; /* something else that has zero bytes */
    probe->head = text->data;
    probe->head_size = text->size;
    return STATUS_OK;
}

enum status source_kind_recognise(const struct source_kind **ret, const struct source_probe *given,
                                  struct err *err)
{
    OWNED(bytes_release) struct bytes text = bytes_limited(1u << 20);
    struct source_probe narrowed = *given;
    const struct source_probe *probe = &narrowed;
    const struct foreign *foreign = foreign_of(probe);
    if (foreign != NULL) {
        (void)fail(err, STATUS_FAILED, "found %s, expected " KINDS, foreign->name);
        err_hint(err, "%s", foreign->hint);
        return STATUS_FAILED;
    }
    TRY(narrow(&narrowed, &text, err));
    int best = 0;
    for (size_t i = 0; source_kinds[i] != NULL; i++) {
        if (source_kinds[i]->addresses != probe->address) continue;
        int sure = source_kinds[i]->recognise(probe);
        if (sure > best) *ret = source_kinds[i];
        if (sure > best) best = sure;
    }
    if (best > 0) return STATUS_OK;
    if (probe->address) {
        (void)fail(err, STATUS_USAGE, "found an address of no known kind");
        err_hint(err, "give a file, or a database as postgresql://HOST/NAME");
        return STATUS_USAGE;
    }
    (void)fail(err, STATUS_FAILED, "found bytes of no known kind, expected %s", KINDS);
    err_hint(err, "name the kind with --format");
    return STATUS_FAILED;
}

/* ---- what a piece became ---- */

void source_rows_release(struct source_rows *rows)
{
    batch_release(&rows->batch);
    memory_free(rows->records);
    memory_free(rows->rejects);
    arena_close(&rows->arena);
    *rows = (struct source_rows){0};
}

enum status source_rows_reject(struct source_rows *rows, const struct reject *reject,
                               struct err *err)
{
    size_t count = rows->reject_count;
    if ((count & (count - 1)) == 0) { /* room is the next power of two */
        size_t room = count == 0 ? 1 : count * 2;
        struct reject *rejects = memory_resize(rows->rejects, room, sizeof *rejects);
        if (rejects == NULL) return fail_memory(err, room * sizeof *rejects);
        rows->rejects = rejects;
    }
    rows->rejects[rows->reject_count++] = *reject;
    return STATUS_OK;
}

static bool is_listed(const struct text_list *list, const char *name)
{
    for (size_t i = 0; list != NULL && i < list->count; i++)
        if (strcmp(list->items[i], name) == 0) return true;
    return false;
}

bool source_keeps_text(const struct source_options *options, const char *name)
{
    return is_listed(options->text_columns, name) || is_listed(options->text_columns, "*") ||
           is_listed(options->contract_texts, name);
}

bool utf8_valid(const void *data, size_t size)
{
    return size == 0 || kernels()->utf8_check(data, size) == size;
}
