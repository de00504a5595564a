/* ingest/csv_types.c: what each column may be, over all values or guessed from the first ones. */
#include "base/parallel.h"
#include "ingest/csv_parts.h"

#define GUESS_ROWS   8192 /* at the beginning */
#define WINDOW_BYTES (64u << 10)
#define WINDOWS      8 /* looked into behind them */

enum status csv_types_open(struct csv_types *ret, size_t columns, struct err *err)
{
    *ret = (struct csv_types){.columns = columns, .utf8 = true};
    TRY(NEW(&ret->classes, columns, err));
    TRY(NEW(&ret->seen, columns, err));
    memset(ret->classes, VALUE_ANY, columns);
    return STATUS_OK;
}

void csv_types_release(struct csv_types *types)
{
    memory_free(types->classes);
    memory_free(types->seen);
    types->classes = types->seen = NULL;
}

enum type_id csv_type_of(unsigned classes, bool seen)
{
    if (!seen) return TYPE_UTF8;
    if ((classes & VALUE_BOOL) != 0) return TYPE_BOOL;
    if ((classes & VALUE_INT) != 0) return TYPE_INT64;
    if ((classes & VALUE_REAL) != 0) return TYPE_FLOAT64;
    if ((classes & VALUE_DATE) != 0) return TYPE_DATE32;
    if ((classes & (VALUE_TIME | VALUE_TIME_ZONED)) != 0) return TYPE_TIMESTAMP;
    return TYPE_UTF8;
}

unsigned csv_classes_of(const char *type)
{
    if (strcmp(type, "bool") == 0) return VALUE_BOOL;
    if (strcmp(type, "int64") == 0) return VALUE_INT;
    if (strcmp(type, "float64") == 0) return VALUE_REAL;
    if (strcmp(type, "date32") == 0) return VALUE_DATE;
    return strncmp(type, "timestamp", 9) == 0 ? VALUE_TIME | VALUE_TIME_ZONED : 0;
}

enum type_id csv_expected_type(unsigned classes, bool seen, const char *name,
                               const struct schema *expected)
{
    static const struct {
        enum type_id type;
        unsigned class;
    } among[] = {{TYPE_BOOL, VALUE_BOOL},
                 {TYPE_INT64, VALUE_INT},
                 {TYPE_FLOAT64, VALUE_REAL},
                 {TYPE_DATE32, VALUE_DATE},
                 {TYPE_TIMESTAMP, VALUE_TIME | VALUE_TIME_ZONED}};
    int64_t place = expected == NULL ? -1 : schema_find(expected, str_of(name));
    enum type_id type = csv_type_of(classes, seen);
    if (place < 0 || expected->fields[place].type.id == TYPE_UTF8)
        return place < 0 ? type : TYPE_UTF8;
    for (size_t i = 0; i < sizeof among / sizeof *among; i++)
        if (expected->fields[place].type.id == among[i].type &&
            (!seen || (classes & among[i].class) != 0))
            type = among[i].type;
    return type;
}

static enum status classify_block(void *context, const struct csv_block *block, struct err *err)
{
    (void)err;
    struct csv_types *types = context;
    csv_classify(block, types->classes, types->seen);
    return STATUS_OK;
}

static void narrow(struct csv_types *types, const struct csv_types *by)
{
    for (size_t column = 0; column < types->columns; column++) {
        types->classes[column] &= by->classes[column];
        types->seen[column] |= by->seen[column];
    }
    types->utf8 = types->utf8 && by->utf8;
}

/* ---- over all values ---- */

struct pass {
    struct csv_types *types;
    const struct csv_dialect *dialect;
    const struct source_options *options;
    struct csv_cutter *cutter;
};
struct item {
    struct csv_piece *piece;
    struct csv_types types;
};

static void drop(void *context, void *untyped)
{
    (void)context;
    struct item *item = untyped;
    csv_piece_free(&item->piece);
    csv_types_release(&item->types);
    memory_free(item);
}

static enum status pull(void *context, void **ret, struct err *err)
{
    struct pass *pass = context;
    struct csv_piece *piece = NULL;
    TRY(interrupted(err));
    TRY(csv_cut(pass->cutter, &piece, err));
    *ret = NULL;
    if (piece == NULL) return STATUS_OK;
    struct item *item;
    enum status status = NEW(&item, 1, err);
    if (status != STATUS_OK) {
        csv_piece_free(&piece);
        return status;
    }
    item->piece = piece;
    *ret = item;
    return STATUS_OK;
}

static enum status classify_piece(const struct pass *pass, struct csv_piece *piece,
                                  struct csv_types *types, struct err *err)
{
    const struct csv_taker taker = {types, classify_block};
    struct csv_dialect dialect = *pass->dialect;
    dialect.utf8 = types->utf8 = utf8_valid(piece->data, piece->size);
    return csv_fields(&dialect, pass->options, piece, &taker, NULL, err);
}

static enum status work(void *context, void *untyped, struct err *err)
{
    struct pass *pass = context;
    struct item *item = untyped;
    TRY(csv_types_open(&item->types, pass->types->columns, err));
    return classify_piece(pass, item->piece, &item->types, err);
}

static enum status push(void *context, void *untyped, struct err *err)
{
    (void)err;
    struct pass *pass = context;
    struct item *item = untyped;
    narrow(pass->types, &item->types);
    progress_add(pass->options->progress, (int64_t)item->piece->size);
    drop(context, item);
    return STATUS_OK;
}

enum status csv_types_read(struct csv_types *types, struct input *input,
                           const struct csv_dialect *dialect, const struct source_options *options,
                           struct digester *digester, struct err *err)
{
    OWNED(csv_cutter_close) struct csv_cutter *cutter = NULL;
    TRY(csv_cutter_open(&cutter, input, dialect, options, digester, err));
    struct pass pass = {types, dialect, options, cutter};
    struct ordered ordered = {
        .threads = options->threads,
        .context = &pass,
        .pull = pull,
        .work = work,
        .push = push,
        .drop = drop,
    };
    TRY(ordered_run(&ordered, err));
    types->records = csv_cutter_records(cutter);
    types->blank_lines = csv_cutter_blank_lines(cutter);
    return STATUS_OK;
}

/* ---- guessed ---- */

/* Whole lines from the middle of a file where a record is a line. */
static enum status look_into(const struct pass *pass, struct input *input, uint64_t offset,
                             struct csv_types *types, struct err *err)
{
    OWNED(csv_piece_free) struct csv_piece *piece = NULL;
    TRY(NEW(&piece, 1, err));
    piece->data = memory_get_raw(WINDOW_BYTES, 1);
    if (piece->data == NULL) return fail_memory(err, WINDOW_BYTES);
    TRY(input_read_at(input, piece->data, WINDOW_BYTES, offset, err));
    uint8_t *first = memchr(piece->data, '\n', WINDOW_BYTES);
    uint8_t *last = memrchr(piece->data, '\n', WINDOW_BYTES);
    if (first == NULL || first == last) return STATUS_OK;
    piece->size = (size_t)(last - first);
    memmove(piece->data, first + 1, piece->size);
    return classify_piece(pass, piece, types, err);
}

static enum status look_around(const struct pass *pass, struct input *input, uint64_t from,
                               struct csv_types *types, struct err *err)
{
    uint64_t size = (uint64_t)input_size(input);
    if (size < from + (uint64_t)WINDOWS * WINDOW_BYTES) return STATUS_OK;
    uint64_t step = (size - from - WINDOW_BYTES) / WINDOWS;
    for (uint64_t i = 1; i <= WINDOWS; i++) {
        struct csv_types here;
        enum status status = csv_types_open(&here, types->columns, err);
        if (status == STATUS_OK) status = look_into(pass, input, from + i * step, &here, err);
        if (status == STATUS_OK) narrow(types, &here);
        csv_types_release(&here);
        TRY(status);
    }
    return STATUS_OK;
}

static bool same_types(const struct csv_types *types, const struct csv_types *others)
{
    bool same = true;
    for (size_t i = 0; i < types->columns; i++)
        same = same && types->seen[i] == others->seen[i] &&
               csv_type_of(types->classes[i], types->seen[i] != 0) ==
                   csv_type_of(others->classes[i], others->seen[i] != 0);
    return same;
}

/* The guess itself is of the first records alone, whose ends are certain: what it says is true of
 * values that exist. The windows may begin in the middle of a record; they can only cast doubt. */
enum status csv_types_guess(struct csv_types *types, struct input *input,
                            const struct csv_dialect *dialect, const struct source_options *options,
                            bool *ret_trusted, struct err *err)
{
    OWNED(csv_cutter_close) struct csv_cutter *cutter = NULL;
    OWNED(csv_piece_free) struct csv_piece *piece = NULL;
    OWNED(csv_types_release) struct csv_types others = {0};
    struct source_options few = *options;
    if (few.chunk_rows > GUESS_ROWS) few.chunk_rows = GUESS_ROWS;
    *ret_trusted = false;
    TRY(csv_cutter_open(&cutter, input, dialect, &few, NULL, err));
    TRY(csv_cut(cutter, &piece, err));
    if (piece == NULL) return STATUS_OK;
    bool lines = csv_piece_is_lines(piece);
    const struct pass pass = {types, dialect, options, NULL};
    TRY(classify_piece(&pass, piece, types, err));
    TRY(csv_types_open(&others, types->columns, err));
    narrow(&others, types);
    if (lines) TRY(look_around(&pass, input, piece->offset + piece->size, &others, err));
    *ret_trusted = same_types(types, &others);
    types->utf8 = false; /* of the whole file nothing is known */
    return STATUS_OK;
}
