/* tests/fuzz/fuzz_feed.c: any bytes as a feed: refused with a reason, or entries that lie in it. */
#include "base/memory.h"
#include "fuzz.h"
#include "ingest/feed_parts.h"

#include <stdlib.h>

static void use_entries(const struct feed_entries *entries, size_t size)
{
    int64_t moment;
    for (size_t i = 0; i < entries->count; i++) {
        const struct feed_entry *entry = &entries->items[i];
        if (entry->size == 0 || entry->offset + entry->size > size) abort();
        if (entry->rule != NULL) continue;
        for (size_t field = 0; field < FEED_FIELDS; field++) {
            struct str text = entry->fields[field];
            if (text.data != NULL && !utf8_valid(text.data, text.size)) abort();
        }
        (void)feed_time(entry->fields[FEED_PUBLISHED], &moment);
    }
}

static enum status read_feed(const uint8_t *data, size_t size, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    OWNED(feed_reader_close) struct feed_reader *reader = NULL;
    TRY(input_from_memory(&input, data, size, "fuzz", err));
    TRY(feed_reader_open(&reader, input, 4096, NULL, err));
    for (bool end = false; !end;) {
        OWNED(feed_entries_release) struct feed_entries entries = {0};
        TRY(feed_read(reader, 100, 1u << 20, &entries, &end, err));
        use_entries(&entries, size);
    }
    return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    if (memory_limit() == 0) memory_set_limit(256u << 20);
    size_t before = memory_in_use();
    enum status status = read_feed(data, size, &err);
    if (status != STATUS_OK && err.message[0] == '\0') abort();
    if (memory_in_use() != before) abort();
    return 0;
}
