/* clean/standardize_map.c: maps from one spelling to another. */
#include "clean/standardize_map.h"

#include "base/input.h"

#include <csv.h>

#define FILE_BYTES_MAXIMUM (64u << 20)

enum status spelling_map_add(struct spelling_map *map, struct str from, struct str to,
                             struct arena *arena, struct err *err)
{
    uint64_t hash = count_hash(from.data, from.size);
    TRY(counts_add(&map->from, from.data, from.size, hash, 1, err));
    if (map->from.count > map->room) {
        size_t room = map->room == 0 ? 64 : 2 * map->room;
        struct str *grown = memory_resize(map->to, room, sizeof *grown);
        if (grown == NULL) return fail_memory(err, room * sizeof *grown);
        map->to = grown;
        map->room = room;
    }
    char *copy = arena_text(arena, to.size == 0 ? "" : to.data, to.size);
    if (copy == NULL) return fail_memory(err, to.size + 1);
    map->to[counts_place(&map->from, from.data, from.size)] = (struct str){copy, to.size};
    return STATUS_OK;
}

bool spelling_map_find(const struct spelling_map *map, struct str text, struct str *ret)
{
    if (map->from.count == 0) return false;
    size_t place = counts_place(&map->from, text.data, text.size);
    if (place == SIZE_MAX) return false;
    *ret = map->to[place];
    return true;
}

void spelling_map_release(struct spelling_map *map)
{
    counts_release(&map->from);
    memory_release(&map->to);
}

enum status spelling_map_from_yaml(struct spelling_map *map, const struct yaml_node *node,
                                   struct arena *arena, struct err *err)
{
    if (node->kind != YAML_MAP) return fail_at(node, err, "expected a map of from: to");
    for (size_t i = 0; i < node->count; i++) {
        if (node->items[i]->kind != YAML_SCALAR)
            return fail_at(node->items[i], err, "expected one text");
        TRY(spelling_map_add(map, node->keys[i]->text, node->items[i]->text, arena, err));
    }
    return STATUS_OK;
}

/* ---- CSV ---- */

struct map_file {
    struct spelling_map *map;
    struct arena *arena;
    struct err *err;
    enum status status;
    struct bytes from, to;
    int fields;
    int64_t line; /* records, the header is 1 */
};

static void take_field(void *data, size_t size, void *context)
{
    struct map_file *file = context;
    struct bytes *place = file->fields == 0 ? &file->from : &file->to;
    file->fields++;
    if (file->status != STATUS_OK || file->fields > 2) return;
    place->size = 0;
    file->status = bytes_append(place, data == NULL ? "" : data, size, file->err);
}

static void take_line(int ending, void *context)
{
    (void)ending;
    struct map_file *file = context;
    int fields = file->fields;
    file->fields = 0;
    file->line++;
    if (file->status != STATUS_OK) return;
    if (fields < 2)
        file->status = fail(file->err, STATUS_USAGE,
                            "record %lld: found %d fields, expected from "
                            "and to",
                            (long long)file->line, fields);
    else if (file->line > 1)
        file->status = spelling_map_add(
            file->map, (struct str){(char *)file->from.data, file->from.size},
            (struct str){(char *)file->to.data, file->to.size}, file->arena, file->err);
}

static enum status parse_file(struct map_file *file, struct csv_parser *parser, struct input *input,
                              struct err *err)
{
    uint64_t total = 0;
    for (;;) {
        char buffer[16384];
        size_t size = 0;
        TRY(input_read(input, buffer, sizeof buffer, &size, err));
        if (size == 0) break;
        total += size;
        if (total > FILE_BYTES_MAXIMUM)
            return fail(err, STATUS_USAGE, "more than %u bytes", FILE_BYTES_MAXIMUM);
        if (csv_parse(parser, buffer, size, take_field, take_line, file) != size)
            return fail(err, STATUS_USAGE, "is no CSV: %s", csv_strerror(csv_error(parser)));
        TRY(file->status);
    }
    csv_fini(parser, take_field, take_line, file);
    return file->status;
}

enum status spelling_map_from_file(struct spelling_map *map, const char *path, struct arena *arena,
                                   struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    struct csv_parser parser;
    struct map_file file = {.map = map,
                            .arena = arena,
                            .err = err,
                            .from = bytes_limited(FILE_BYTES_MAXIMUM),
                            .to = bytes_limited(FILE_BYTES_MAXIMUM)};
    TRY(input_open(&input, path, err));
    if (csv_init(&parser, CSV_STRICT) != 0) return fail_memory(err, sizeof parser);
    enum status status = parse_file(&file, &parser, input, err);
    csv_free(&parser);
    bytes_release(&file.from);
    bytes_release(&file.to);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "map file \"%s\"", path);
}
