/* features/served_rows.c: the rows behind VIEW[@REF]. */
#include "features/served_rows.h"

#include "base/memory.h"
#include "features/pieces.h"

#include <stdio.h>

struct served_rows {
    struct store *store;
    const struct served *served;
    size_t threads;
    struct version_reader *reader; /* of the version at `place` */
    size_t place;
    struct schema *schema; /* of the first version */
    int64_t pieces;
    struct key_layout layout; /* of the entity */
    struct bytes scratch;
};

/* ---- opening ---- */

static enum status open_reader(struct served_rows *rows, struct err *err)
{
    struct version version;
    version_reader_close(&rows->reader);
    TRY(served_version(rows->served, rows->store, rows->place, &version, err));
    return version_reader_open(&rows->reader, rows->store, &version, rows->threads, err);
}

static enum status check_schema(const struct served_rows *rows, struct err *err)
{
    const struct tag_share *shares = rows->served->state.shares;
    if (schema_equal(rows->schema, version_reader_schema(rows->reader))) return STATUS_OK;
    fail(err, STATUS_USAGE, "versions %lld and %lld behind \"%s\" have other columns or types",
         (long long)shares[0].number, (long long)shares[rows->place].number, rows->served->tag);
    err_hint(err, "name one of them: %s@%lld", rows->served->view.name,
             (long long)shares[rows->place].number);
    return STATUS_USAGE;
}

/* Looks at every version, last at the first one, whose rows come first. */
static enum status open_all(struct served_rows *rows, struct err *err)
{
    TRY(open_reader(rows, err));
    rows->schema = schema_ref(version_reader_schema(rows->reader));
    rows->pieces = sorted_pieces(rows->schema);
    if (rows->served->state.count == 1) return STATUS_OK;
    TRY(key_layout_of(rows->schema, &rows->served->view.entity, &rows->layout, err));
    for (rows->place = 1; rows->place < rows->served->state.count; rows->place++) {
        TRY(open_reader(rows, err));
        TRY(check_schema(rows, err));
        rows->pieces += sorted_pieces(version_reader_schema(rows->reader));
    }
    rows->place = 0;
    return open_reader(rows, err);
}

enum status served_rows_open(struct served_rows **ret, struct store *store,
                             const struct served *served, size_t threads, struct err *err)
{
    OWNED(served_rows_close) struct served_rows *rows = NULL;
    TRY(NEW(&rows, 1, err));
    rows->store = store;
    rows->served = served;
    rows->threads = threads;
    rows->scratch = bytes_limited((size_t)1 << 32);
    TRY(open_all(rows, err));
    *ret = rows;
    rows = NULL;
    return STATUS_OK;
}

const struct schema *served_rows_schema(const struct served_rows *rows)
{
    return rows->schema;
}

int64_t served_rows_pieces(const struct served_rows *rows)
{
    return rows->pieces;
}

/* ---- rows ---- */

/* The rows of the entities that get the version they are of. */
static enum status pick_rows(struct served_rows *rows, const struct batch *batch, struct batch *ret,
                             struct err *err)
{
    OWNED(memory_release) int64_t *kept = NULL;
    int64_t count = 0;
    TRY(NEW(&kept, (size_t)batch->rows, err));
    for (int64_t row = 0; row < batch->rows; row++) {
        struct str key = {0};
        bool null;
        TRY(key_bytes(&rows->layout, batch, row, &rows->scratch, &key, &null, err));
        if (!null && served_pick(rows->served, key) == rows->place) kept[count++] = row;
    }
    TRY(batch_take(ret, batch, kept, count, err));
    schema_unref(&ret->schema);
    ret->schema = schema_ref(rows->schema); /* their metadata may differ */
    return STATUS_OK;
}

static enum status next_of_version(struct served_rows *rows, struct batch *ret, bool *ret_end,
                                   struct err *err)
{
    OWNED(batch_release) struct batch batch = {0};
    if (rows->served->state.count == 1) return version_reader_next(rows->reader, ret, ret_end, err);
    TRY(version_reader_next(rows->reader, &batch, ret_end, err));
    return *ret_end ? STATUS_OK : pick_rows(rows, &batch, ret, err);
}

enum status served_rows_next(struct served_rows *rows, struct batch *ret, bool *ret_end,
                             struct err *err)
{
    for (;;) {
        TRY(interrupted(err));
        TRY(next_of_version(rows, ret, ret_end, err));
        if (!*ret_end && ret->rows > 0) return STATUS_OK;
        if (!*ret_end)
            batch_release(ret);
        else if (rows->place + 1 == rows->served->state.count)
            return STATUS_OK;
        else {
            rows->place++;
            TRY(open_reader(rows, err));
        }
    }
}

void served_rows_close(struct served_rows **rows)
{
    if (rows == NULL || *rows == NULL) return;
    version_reader_close(&(*rows)->reader);
    schema_unref(&(*rows)->schema);
    bytes_release(&(*rows)->scratch);
    memory_free(*rows);
    *rows = NULL;
}

/* ---- what it is called ---- */

enum status served_edges(const struct served *served, struct run *run, struct err *err)
{
    char input[VERSION_NODE], output[80];
    snprintf(output, sizeof output, "stream:%s", run_id(run));
    for (size_t i = 0; i < served->state.count; i++) {
        snprintf(input, sizeof input, "version:%s@%lld", served->view.dataset,
                 (long long)served->state.shares[i].number);
        TRY(run_edge(run, input, output, err));
    }
    return STATUS_OK;
}

char *served_text(const struct served *served, char ret[TAG_STATE_TEXT])
{
    return tag_state_text(&served->state, ret);
}
