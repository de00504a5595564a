/* features/pieces.c: versions written by several appends. */
#include "features/pieces.h"

#include "lineage/sql.h"

#include <stdio.h>

#define KEY "tamis:sorted_pieces"

int64_t sorted_pieces(const struct schema *schema)
{
    struct str text = metadata_get(&schema->metadata, KEY);
    int64_t pieces = 0;
    for (size_t i = 0; i < text.size && i < 18; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return 1;
        pieces = pieces * 10 + (text.data[i] - '0');
    }
    return pieces < 1 ? 1 : pieces;
}

enum status set_sorted_pieces(struct schema *schema, int64_t pieces, struct err *err)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)pieces);
    return schema_set_metadata(schema, KEY, str_of(text), err);
}

enum status latest_number(struct store *store, const char *dataset, int64_t *ret, struct err *err)
{
    return sql_number(store, ret, 0, err, "SELECT max(number) FROM versions WHERE dataset = ?", "t",
                      dataset);
}
