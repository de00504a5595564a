/* clean/validate_profile.c: distributions kept in a file, and the distance from them. */
#include "clean/validate_profile.h"

#include "base/yaml.h"
#include "clean/numbers.h"
#include "clean/parameters.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PROFILE_BYTES_MAXIMUM ((size_t)256 << 20)
#define PROFILE_NODES_MAXIMUM 10000000
#define BIN_SHARE             0.1   /* PSI: a bin of the stored data holds at least this */
#define SAME_SHARE            1e-12 /* differences of sums that were rounded */
#define SHARE_FLOOR           1e-4  /* PSI: an empty bin, so that the logarithm exists */
#define CELL_TEXT             128

struct profile {
    char **names;
    struct profile_column *columns;
    size_t count, room;
};

/* ---- the file ---- */

static enum status read_file(const char *path, struct bytes *ret, struct err *err)
{
    OWNED(input_close) struct input *input = NULL;
    char chunk[4096];
    size_t size = 1;
    TRY(input_open(&input, path, err));
    while (size > 0) {
        TRY(input_read(input, chunk, sizeof chunk, &size, err));
        TRY(bytes_append(ret, chunk, size, err));
    }
    return STATUS_OK;
}

static enum status read_number(const struct yaml_node *node, struct profile_column *column,
                               struct err *err)
{
    const struct yaml_node *edges = yaml_get(node, "edges");
    if (edges == NULL || edges->kind != YAML_LIST || edges->count > PROFILE_EDGES)
        return fail_at(node, err, "expected at most %d edges", PROFILE_EDGES);
    column->edge_count = edges->count;
    TRY(NEW(&column->shares, edges->count + 1, err));
    TRY(get_reals(node, "edges", column->edges, edges->count, err));
    TRY(get_reals(node, "shares", column->shares, edges->count, err));
    for (size_t i = 1; i < edges->count; i++)
        if (!(column->edges[i - 1] < column->edges[i]))
            return fail_at(edges, err, "edges must rise");
    return STATUS_OK;
}

static enum status read_values(const struct yaml_node *node, struct profile_column *column,
                               struct err *err)
{
    const struct yaml_node *values = NULL;
    TRY(get_map(node, "values", &values, err));
    if (values->count > PROFILE_VALUES)
        return fail_at(values, err, "expected at most %d values", PROFILE_VALUES);
    TRY(NEW(&column->shares, values->count + 1, err));
    for (size_t i = 0; i < values->count; i++) {
        struct str text = values->keys[i]->text;
        char name[512];
        if (text.size >= sizeof name) return fail_at(values, err, "a value is too long");
        TRY(counts_add(&column->values, text.data, text.size, count_hash(text.data, text.size), 1,
                       err));
        snprintf(name, sizeof name, "%.*s", (int)text.size, text.data);
        TRY(get_real(values, name, &column->shares[i], err));
    }
    return STATUS_OK;
}

static enum status read_column(const struct yaml_node *node, struct profile_column *column,
                               struct err *err)
{
    if (node->kind != YAML_MAP) return fail_at(node, err, "expected a column's distribution");
    column->number = yaml_get(node, "edges") != NULL;
    TRY(get_integer(node, "rows", &column->rows, err));
    TRY(get_integer(node, "nulls", &column->nulls, err));
    return column->number ? read_number(node, column, err) : read_values(node, column, err);
}

static enum status read_columns(const struct yaml_node *root, struct profile *profile,
                                struct err *err)
{
    const struct yaml_node *columns = NULL;
    if (root == NULL || root->kind != YAML_MAP || yaml_get(root, "tamis_profile") == NULL)
        return fail(err, STATUS_USAGE, "this is no profile, expected {\"tamis_profile\": 1, ...}");
    TRY(get_map(root, "columns", &columns, err));
    TRY(NEW(&profile->columns, columns->count, err));
    profile->room = columns->count;
    TRY(NEW(&profile->names, columns->count, err));
    for (; profile->count < columns->count; profile->count++) {
        struct str name = columns->keys[profile->count]->text;
        char *copy = NULL;
        TRY(NEW(&copy, name.size + 1, err));
        memcpy(copy, name.data, name.size);
        profile->names[profile->count] = copy;
        TRY(read_column(columns->items[profile->count], &profile->columns[profile->count], err));
    }
    return STATUS_OK;
}

enum status profile_load(struct profile **ret, const char *path, struct err *err)
{
    OWNED(yaml_close) struct yaml *yaml = NULL;
    OWNED(bytes_release) struct bytes text = bytes_limited(PROFILE_BYTES_MAXIMUM);
    TRY(NEW(ret, 1, err));
    TRY(read_file(path, &text, err));
    TRY(yaml_parse_within(&yaml, path, (struct str){(const char *)text.data, text.size},
                          PROFILE_BYTES_MAXIMUM, PROFILE_NODES_MAXIMUM, err));
    enum status status = read_columns(yaml_root(yaml), *ret, err);
    return status == STATUS_OK ? STATUS_OK : fail_within(err, status, "profile \"%s\"", path);
}

struct profile_column *profile_find(const struct profile *profile, const char *column)
{
    for (size_t i = 0; i < profile->count; i++)
        if (strcmp(profile->names[i], column) == 0) return &profile->columns[i];
    return NULL;
}

void profile_close(struct profile **profile)
{
    struct profile *p = *profile;
    if (p == NULL) return;
    for (size_t i = 0; p->names != NULL && i < p->room; i++)
        memory_free(p->names[i]);
    for (size_t i = 0; p->columns != NULL && i < p->room; i++) {
        struct profile_column *column = &p->columns[i];
        counts_release(&column->values);
        memory_free(column->shares);
    }
    memory_free(p->names);
    memory_free(p->columns);
    memory_free(p);
    *profile = NULL;
}

/* ---- counting ---- */

/* The first edge that is not below the value; edge_count = above all. */
static size_t bin_of(const struct profile_column *profile, double value)
{
    size_t low = 0, high = profile->edge_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (profile->edges[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static size_t bin_of_text(const struct profile_column *profile, const struct field *field,
                          const struct array *array, int64_t row)
{
    char room[CELL_TEXT];
    struct str text;
    if (!array_text_at(field, array, row, &text))
        text = str_of(array_value_text(field, array, row, room, sizeof room));
    size_t place = counts_place(&profile->values, text.data, text.size);
    return place == SIZE_MAX ? profile->values.count : place;
}

static size_t bin_count(const struct profile_column *profile)
{
    return (profile->number ? profile->edge_count : profile->values.count) + 1;
}

void profile_count(const struct profile_column *profile, const struct field *field,
                   const struct array *array, struct profile_counts *counts)
{
    _Static_assert(PROFILE_VALUES >= PROFILE_EDGES, "bins hold either");
    int64_t bins[PROFILE_VALUES + 1] = {0}, values = 0;
    for (int64_t row = 0; row < array->length; row++) {
        double number = 0;
        if (array_is_null(array, row)) continue;
        if (profile->number && (!array_number_at(field, array, row, &number) || isnan(number)))
            continue;
        bins[profile->number ? bin_of(profile, number) : bin_of_text(profile, field, array, row)]++;
        values++;
    }
    atomic_fetch_add(&counts->values, values);
    for (size_t i = 0; i < bin_count(profile); i++)
        atomic_fetch_add(&counts->bins[i], bins[i]);
}

/* ---- distances ---- */

static double share_of(int64_t count, int64_t all)
{
    return all == 0 ? 0 : (double)count / (double)all;
}

static double term(double p, double q)
{
    if (fabs(p - q) < SAME_SHARE) return 0;
    p = fmax(p, SHARE_FLOOR);
    q = fmax(q, SHARE_FLOOR);
    return (q - p) * log(q / p);
}

/* Stored share of bin i by itself; the last is what lies beyond all. */
static double stored_share(const struct profile_column *profile, size_t i)
{
    if (profile->number) {
        double below = i == 0 ? 0 : profile->shares[i - 1];
        return (i == profile->edge_count ? 1 : profile->shares[i]) - below;
    }
    if (i < profile->values.count) return profile->shares[i];
    double rest = 1;
    for (size_t k = 0; k < profile->values.count; k++)
        rest -= profile->shares[k];
    return fmax(rest, 0);
}

double profile_psi(const struct profile_column *profile, const struct profile_counts *counts)
{
    double psi = 0, p = 0, q = 0;
    int64_t all = atomic_load(&counts->values);
    size_t bins = bin_count(profile);
    for (size_t i = 0; i < bins; i++) {
        p += stored_share(profile, i);
        q += share_of(atomic_load(&counts->bins[i]), all);
        if (profile->number && p < BIN_SHARE && i + 1 < bins) continue;
        psi += term(p, q);
        p = q = 0;
    }
    return psi;
}

double profile_distance(const struct profile_column *profile, const struct profile_counts *counts)
{
    double distance = 0, stored = 0, found = 0, differences = 0;
    int64_t all = atomic_load(&counts->values);
    for (size_t i = 0; i < bin_count(profile); i++) {
        double p = stored_share(profile, i), q = share_of(atomic_load(&counts->bins[i]), all);
        stored += p;
        found += q;
        differences += fabs(p - q);
        distance = fmax(distance, fabs(stored - found));
    }
    if (!profile->number) distance = differences / 2;
    return distance < SAME_SHARE ? 0 : distance;
}

/* ---- writing ---- */

static enum status write_numbers(const struct profile_column *column,
                                 const struct profile_counts *counts, struct bytes *ret,
                                 struct err *err)
{
    double shares[PROFILE_EDGES];
    int64_t below = 0;
    for (size_t i = 0; i < column->edge_count; i++) {
        below += atomic_load(&counts->bins[i]);
        shares[i] = share_of(below, atomic_load(&counts->values));
    }
    TRY(bytes_append_text(ret, ",", err));
    TRY(put_reals(ret, "edges", column->edges, column->edge_count, err));
    TRY(bytes_append_text(ret, ",", err));
    return put_reals(ret, "shares", shares, column->edge_count, err);
}

static enum status write_values(const struct profile_column *column,
                                const struct profile_counts *counts, struct bytes *ret,
                                struct err *err)
{
    TRY(bytes_append_text(ret, ",\"values\":{", err));
    for (size_t i = 0; i < column->values.count; i++) {
        const struct counted *value = &column->values.items[i];
        TRY(bytes_append_text(ret, i == 0 ? "" : ",", err));
        TRY(bytes_append_json(ret, (struct str){(const char *)value->data, value->size}, err));
        TRY(bytes_format(ret, err, ":%.17g",
                         share_of(atomic_load(&counts->bins[i]), atomic_load(&counts->values))));
    }
    return bytes_append_text(ret, "}", err);
}

enum status profile_write(const struct profile_column *column, const char *name,
                          const struct profile_counts *counts, struct bytes *ret, struct err *err)
{
    TRY(bytes_append_json(ret, str_of(name), err));
    TRY(bytes_append_text(ret, ":{", err));
    TRY(put_integer(ret, "rows", column->rows, err));
    TRY(bytes_append_text(ret, ",", err));
    TRY(put_integer(ret, "nulls", column->nulls, err));
    TRY(column->number ? write_numbers(column, counts, ret, err)
                       : write_values(column, counts, ret, err));
    return bytes_append_text(ret, "}", err);
}
