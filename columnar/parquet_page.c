/* columnar/parquet_page.c: one page: its header, and its body unpacked and taken apart. */
#include "columnar/parquet_codec.h"
#include "columnar/parquet_parts.h"
#include "columnar/parquet_thrift.h"

#include <zlib.h>

#define HEADER_FIRST   512 /* bytes read at once; more where they do not do */
#define HEADER_MAXIMUM (16u << 20)

/* ---- headers ---- */

struct header {
    int64_t kind, packed, unpacked, crc;
    int64_t values, encoding, rep_encoding, def_encoding, rep_bytes, def_bytes, rows;
    bool has_crc, is_packed, has_details;
};

static void read_data(struct thrift *thrift, int type, struct header *ret)
{
    struct thrift_field field = {0};
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: ret->values = thrift_integer(thrift, field.type); break;
        case 2: ret->encoding = thrift_integer(thrift, field.type); break;
        case 3: ret->def_encoding = thrift_integer(thrift, field.type); break;
        case 4: ret->rep_encoding = thrift_integer(thrift, field.type); break;
        default: thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
}

static void read_data_2(struct thrift *thrift, int type, struct header *ret)
{
    struct thrift_field field = {0};
    ret->rep_encoding = ret->def_encoding = PARQUET_RLE;
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: ret->values = thrift_integer(thrift, field.type); break;
        case 3: ret->rows = thrift_integer(thrift, field.type); break;
        case 4: ret->encoding = thrift_integer(thrift, field.type); break;
        case 5: ret->def_bytes = thrift_integer(thrift, field.type); break;
        case 6: ret->rep_bytes = thrift_integer(thrift, field.type); break;
        case 7: ret->is_packed = thrift_bool(thrift, field.type); break;
        default: thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
}

static void read_dictionary(struct thrift *thrift, int type, struct header *ret)
{
    struct thrift_field field = {0};
    if (!thrift_enter(thrift, type)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: ret->values = thrift_integer(thrift, field.type); break;
        case 2: ret->encoding = thrift_integer(thrift, field.type); break;
        default: thrift_skip(thrift, field.type);
        }
    }
    thrift_leave(thrift);
}

/* What a page says of itself; of another kind of page it is passed over. */
static void read_details(struct thrift *thrift, int id, int type, struct header *ret)
{
    bool mine = (id == 5 && ret->kind == PARQUET_PAGE_DATA) ||
                (id == 7 && ret->kind == PARQUET_PAGE_DICTIONARY) ||
                (id == 8 && ret->kind == PARQUET_PAGE_DATA_2);
    if (!mine) {
        thrift_skip(thrift, type);
        return;
    }
    ret->has_details = true;
    if (id == 8)
        read_data_2(thrift, type, ret);
    else if (id == 7)
        read_dictionary(thrift, type, ret);
    else
        read_data(thrift, type, ret);
}

static void read_header(struct thrift *thrift, struct header *ret)
{
    struct thrift_field field = {0};
    *ret = (struct header){.kind = -1, .is_packed = true};
    if (!thrift_enter(thrift, THRIFT_STRUCT)) return;
    while (thrift_next(thrift, &field)) {
        switch (field.id) {
        case 1: ret->kind = thrift_integer(thrift, field.type); break;
        case 2: ret->unpacked = thrift_integer(thrift, field.type); break;
        case 3: ret->packed = thrift_integer(thrift, field.type); break;
        case 4:
            ret->crc = thrift_integer(thrift, field.type);
            ret->has_crc = true;
            break;
        default: read_details(thrift, field.id, field.type, ret);
        }
    }
    thrift_leave(thrift);
}

static enum status check_header(const struct header *header, uint64_t room, struct err *err)
{
    if (header->kind < 0 || header->kind > PARQUET_PAGE_DATA_2)
        return fail(err, STATUS_FAILED, "a page of the unknown kind %lld", (long long)header->kind);
    if (header->packed < 0 || (uint64_t)header->packed > room || header->packed > INT32_MAX ||
        header->unpacked < 0 || header->unpacked > INT32_MAX)
        return fail(err, STATUS_FAILED, "a page of %lld bytes (%lld unpacked) where %llu are left",
                    (long long)header->packed, (long long)header->unpacked,
                    (unsigned long long)room);
    if (header->kind == PARQUET_PAGE_INDEX) return STATUS_OK;
    if (!header->has_details || header->values < 0 || header->values > INT32_MAX ||
        header->rows < 0 || header->rows > header->values)
        return fail(err, STATUS_FAILED, "a page of %lld values in %lld rows",
                    (long long)header->values, (long long)header->rows);
    if (header->rep_bytes < 0 || header->def_bytes < 0 || header->rep_bytes > header->packed ||
        header->def_bytes > header->packed - header->rep_bytes ||
        header->rep_bytes + header->def_bytes > header->unpacked)
        return fail(err, STATUS_FAILED, "levels of %lld and %lld bytes in a page of %lld",
                    (long long)header->rep_bytes, (long long)header->def_bytes,
                    (long long)header->packed);
    return STATUS_OK;
}

/* Reads as many bytes as the header turns out to have. */
static enum status find_header(struct input *input, uint64_t *at, uint64_t end, struct header *ret,
                               struct err *err)
{
    uint8_t first[HEADER_FIRST];
    OWNED(memory_release) uint8_t *more = NULL;
    uint64_t left = end > *at ? end - *at : 0;
    size_t size = left < sizeof first ? (size_t)left : sizeof first;
    uint8_t *bytes = first;
    for (;;) {
        TRY(input_read_at(input, bytes, size, *at, err));
        struct thrift thrift = thrift_over(bytes, size);
        read_header(&thrift, ret);
        if (thrift.fault == NULL) *at += thrift.at;
        if (thrift.fault == NULL || !thrift.truncated || size == left || size >= HEADER_MAXIMUM)
            return thrift_check(&thrift, err);
        size = left / 16 < size ? (size_t)left : size * 16;
        uint8_t *room = memory_resize(more, size, 1);
        if (room == NULL) return fail_memory(err, size);
        bytes = more = room;
    }
}

static void take_header(struct parquet_page *page, const struct header *header)
{
    page->kind = (int)header->kind;
    page->packed = (uint32_t)header->packed;
    page->unpacked = (uint32_t)header->unpacked;
    page->values = (uint32_t)header->values;
    page->encoding = (int)header->encoding;
    page->rep_encoding = (int)header->rep_encoding;
    page->def_encoding = (int)header->def_encoding;
    page->rep_bytes = (uint32_t)header->rep_bytes;
    page->def_bytes = (uint32_t)header->def_bytes;
    page->declared_rows = header->rows;
    page->has_crc = header->has_crc;
    page->crc = (uint32_t)header->crc;
    page->is_packed = header->is_packed;
}

enum status parquet_page_next(struct input *input, uint64_t *at, uint64_t end,
                              const struct parquet_leaf *leaf, int codec, struct parquet_page **ret,
                              struct err *err)
{
    struct header header = {0};
    struct parquet_page *page = NULL;
    uint64_t begin = *at;
    enum status status = find_header(input, at, end, &header, err);
    if (status == STATUS_OK) status = check_header(&header, end - *at, err);
    if (status != STATUS_OK)
        return fail_within(err, status, "page at byte %llu", (unsigned long long)begin);
    TRY(NEW(&page, 1, err));
    atomic_init(&page->users, 1);
    pthread_mutex_init(&page->lock, NULL);
    page->leaf = leaf;
    page->codec = codec;
    page->offset = *at;
    take_header(page, &header);
    *at += page->packed;
    *ret = page;
    return STATUS_OK;
}

struct parquet_page *parquet_page_ref(struct parquet_page *page)
{
    if (page != NULL) atomic_fetch_add(&page->users, 1);
    return page;
}

void parquet_page_unref(struct parquet_page **page)
{
    struct parquet_page *gone = *page;
    *page = NULL;
    if (gone == NULL || atomic_fetch_sub(&gone->users, 1) != 1) return;
    parquet_page_unref(&gone->dictionary);
    memory_free(gone->body[0]);
    memory_free(gone->body[1]);
    memory_free(gone->entries);
    pthread_mutex_destroy(&gone->lock);
    memory_free(gone);
}

/* ---- bodies ---- */

/* Cuts `size` bytes off the front of a span. */
static enum status cut_front(struct parquet_span *span, uint64_t size, struct parquet_span *ret,
                             struct err *err)
{
    if (size > span->size)
        return fail(err, STATUS_FAILED, "levels of %llu bytes in a page with %zu",
                    (unsigned long long)size, span->size);
    *ret = (struct parquet_span){span->data, (size_t)size};
    span->data += size;
    span->size -= (size_t)size;
    return STATUS_OK;
}

static uint32_t highest_rep(const struct parquet_leaf *leaf)
{
    return leaf->is_list ? 1 : 0;
}

/* Levels of version 1: a length before runs, none before packed bits. */
static enum status cut_levels(struct parquet_page *page, uint32_t most, int encoding,
                              struct parquet_span *ret, struct err *err)
{
    struct parquet_span prefix = {0};
    uint32_t size = 0;
    if (most == 0) return STATUS_OK;
    if (encoding == PARQUET_BIT_PACKED) {
        uint64_t bits = (uint64_t)page->values * bits_for(most);
        return cut_front(&page->data, (bits + 7) / 8, ret, err);
    }
    if (encoding != PARQUET_RLE)
        return fail(err, STATUS_FAILED, "levels in the unknown encoding %d", encoding);
    TRY(cut_front(&page->data, sizeof size, &prefix, err));
    memcpy(&size, prefix.data, sizeof size);
    return cut_front(&page->data, size, ret, err);
}

static struct runs level_runs(const struct parquet_page *page, struct parquet_span span,
                              uint32_t most, int encoding)
{
    if (encoding == PARQUET_BIT_PACKED && page->kind == PARQUET_PAGE_DATA)
        return runs_over_reversed(span.data, span.size, bits_for(most), page->values);
    return runs_over(span.data, span.size, bits_for(most));
}

struct runs parquet_page_rep(const struct parquet_page *page)
{
    return level_runs(page, page->rep, highest_rep(page->leaf), page->rep_encoding);
}

struct runs parquet_page_def(const struct parquet_page *page)
{
    return level_runs(page, page->def, page->leaf->max_def, page->def_encoding);
}

/* Where each entry of a dictionary of byte arrays lies. */
static enum status index_entries(struct parquet_page *page, struct err *err)
{
    uint64_t at = 0, size = page->data.size;
    if (page->values > size / 4)
        return fail(err, STATUS_FAILED, "%u entries in %zu bytes", page->values, page->data.size);
    TRY(NEW(&page->entries, page->values, err));
    for (uint32_t i = 0; i < page->values; i++) {
        uint32_t length = 0;
        if (size - at < 4) return fail(err, STATUS_FAILED, "it ends at entry %u", i);
        memcpy(&length, page->data.data + at, sizeof length);
        if (length > size - at - 4)
            return fail(err, STATUS_FAILED, "entry %u has %u bytes of %llu", i, length,
                        (unsigned long long)(size - at - 4));
        page->entries[i] = (struct parquet_entry){(uint32_t)at + 4, length};
        at += 4 + (uint64_t)length;
    }
    return STATUS_OK;
}

static enum status check_dictionary(struct parquet_page *page, struct err *err)
{
    const struct parquet_leaf *leaf = page->leaf;
    if (page->encoding != PARQUET_PLAIN && page->encoding != PARQUET_PLAIN_DICTIONARY)
        return fail(err, STATUS_FAILED, "the unknown encoding %d", page->encoding);
    if (leaf->physical == PARQUET_BOOLEAN)
        return fail(err, STATUS_FAILED, "booleans have no dictionary");
    if (leaf->width == 0) return index_entries(page, err);
    if (page->values > page->data.size / leaf->width)
        return fail(err, STATUS_FAILED, "%u entries in %zu bytes", page->values, page->data.size);
    return STATUS_OK;
}

/* What was stored, its checksum checked. */
static enum status read_body(struct parquet_page *page, struct input *input, struct err *err)
{
    page->body[0] = memory_get_raw(page->packed, 1);
    if (page->body[0] == NULL) return fail_memory(err, page->packed);
    TRY(input_read_at(input, page->body[0], page->packed, page->offset, err));
    if (!page->has_crc) return STATUS_OK;
    uint32_t found = (uint32_t)crc32(0, page->body[0], page->packed);
    if (found == page->crc) return STATUS_OK;
    return fail(err, STATUS_FAILED, "its checksum is %08x, its bytes give %08x", page->crc, found);
}

/* Unpacks behind the levels, which version 2 never packs. */
static enum status unpack_body(struct parquet_page *page, struct err *err)
{
    uint32_t levels = page->rep_bytes + page->def_bytes;
    uint32_t packed = page->packed - levels, unpacked = page->unpacked - levels;
    const uint8_t *from = page->body[0] + levels;
    bool plain = page->codec == PARQUET_UNCOMPRESSED || !page->is_packed;
    page->data = (struct parquet_span){from, packed};
    if (plain && packed != unpacked)
        return fail(err, STATUS_FAILED, "%u bytes where %u belong", packed, unpacked);
    if (plain || unpacked == 0) return STATUS_OK;
    TRY(parquet_codec_plausible(page->codec, packed, unpacked, err));
    page->body[1] = memory_get_raw(unpacked, 1);
    if (page->body[1] == NULL) return fail_memory(err, unpacked);
    TRY(parquet_codec_run(page->codec, from, packed, page->body[1], unpacked, err));
    page->data = (struct parquet_span){page->body[1], unpacked};
    if (levels > 0) return STATUS_OK;
    memory_free(page->body[0]);
    page->body[0] = NULL;
    return STATUS_OK;
}

static enum status take_apart(struct parquet_page *page, struct err *err)
{
    if (page->kind == PARQUET_PAGE_DICTIONARY) return check_dictionary(page, err);
    if (page->kind == PARQUET_PAGE_DATA_2) {
        page->rep = (struct parquet_span){page->body[0], page->rep_bytes};
        page->def = (struct parquet_span){page->body[0] + page->rep_bytes, page->def_bytes};
        return STATUS_OK;
    }
    TRY(cut_levels(page, highest_rep(page->leaf), page->rep_encoding, &page->rep, err));
    return cut_levels(page, page->leaf->max_def, page->def_encoding, &page->def, err);
}

/* A page that does not load is tried again by the next one who needs it, who fails alike. */
static enum status load(struct parquet_page *page, struct input *input, struct err *err)
{
    memory_free(page->body[0]);
    memory_free(page->body[1]);
    memory_free(page->entries);
    page->body[0] = page->body[1] = NULL;
    page->entries = NULL;
    TRY(read_body(page, input, err));
    TRY(unpack_body(page, err));
    TRY(take_apart(page, err));
    page->loaded = true;
    return STATUS_OK;
}

enum status parquet_page_load(struct parquet_page *page, struct input *input, struct err *err)
{
    pthread_mutex_lock(&page->lock);
    enum status status = page->loaded ? STATUS_OK : load(page, input, err);
    pthread_mutex_unlock(&page->lock);
    if (status == STATUS_OK) return status;
    return fail_within(err, status, "%s at byte %llu",
                       page->kind == PARQUET_PAGE_DICTIONARY ? "dictionary" : "page",
                       (unsigned long long)page->offset);
}
