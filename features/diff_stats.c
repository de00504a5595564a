/* features/diff_stats.c: two versions side by side, column by column. */
#include "features/diff_stats.h"

#include "columnar/build.h"
#include "lineage/stage.h"

enum place {
    NAME,
    TYPE,             /* before, after; likewise below */
    NULLS = TYPE + 2, /* counts */
    CHANGED = NULLS + 2,
    MEAN,
    DEVIATION = MEAN + 2,
    MINIMUM = DEVIATION + 2,
    MAXIMUM = MINIMUM + 2,
    PSI = MAXIMUM + 2,
    KS,
    PLACES,
};

static enum status report_schema(struct schema **ret, struct err *err)
{
    static const struct {
        const char *name;
        enum type_id type;
    } columns[PLACES] = {
        [NAME] = {"column", TYPE_UTF8},
        [TYPE] = {"before", TYPE_UTF8},
        [TYPE + 1] = {"after", TYPE_UTF8},
        [NULLS] = {"nulls_before", TYPE_INT64},
        [NULLS + 1] = {"nulls_after", TYPE_INT64},
        [CHANGED] = {"changed", TYPE_INT64},
        [MEAN] = {"mean_before", TYPE_FLOAT64},
        [MEAN + 1] = {"mean_after", TYPE_FLOAT64},
        [DEVIATION] = {"deviation_before", TYPE_FLOAT64},
        [DEVIATION + 1] = {"deviation_after", TYPE_FLOAT64},
        [MINIMUM] = {"minimum_before", TYPE_FLOAT64},
        [MINIMUM + 1] = {"minimum_after", TYPE_FLOAT64},
        [MAXIMUM] = {"maximum_before", TYPE_FLOAT64},
        [MAXIMUM + 1] = {"maximum_after", TYPE_FLOAT64},
        [PSI] = {"psi", TYPE_FLOAT64},
        [KS] = {"ks", TYPE_FLOAT64},
    };
    TRY(schema_new(ret, err));
    for (size_t i = 0; i < PLACES; i++)
        TRY(schema_add_column(*ret, columns[i].name, columns[i].type, err));
    return STATUS_OK;
}

static enum status put_real(struct batch_builder *report, size_t place, bool there, double value,
                            struct err *err)
{
    struct builder *column = batch_builder_column(report, place);
    return there ? build_real(column, value, err) : build_null(column, err);
}

static enum status put_count(struct batch_builder *report, size_t place, bool there, int64_t value,
                             struct err *err)
{
    struct builder *column = batch_builder_column(report, place);
    return there ? build_int(column, value, err) : build_null(column, err);
}

static bool is_personal(const struct field *field)
{
    struct str mark = metadata_get(&field->metadata, "tamis:personal");
    return mark.data != NULL && !str_is(mark, "false");
}

static enum status put_side(struct batch_builder *report, const struct column_profile *column,
                            size_t side, struct err *err)
{
    char type[128];
    bool number = column != NULL && column->numbers > 0 && type_is_number(column->field->type.id);
    bool range = number && !is_personal(column->field);
    struct builder *types = batch_builder_column(report, TYPE + side);
    if (column == NULL)
        TRY(build_null(types, err));
    else
        TRY(build_text(types, str_of(field_type_text(column->field, type, sizeof type)), err));
    TRY(put_count(report, NULLS + side, column != NULL, column == NULL ? 0 : column->nulls, err));
    TRY(put_real(report, MEAN + side, number, number ? column->mean : 0, err));
    TRY(put_real(report, DEVIATION + side, number, number ? column->deviation : 0, err));
    TRY(put_real(report, MINIMUM + side, range, range ? column->minimum : 0, err));
    return put_real(report, MAXIMUM + side, range, range ? column->maximum : 0, err);
}

static bool may_drift(const struct view *view, const char *name)
{
    if (strcmp(name, COLUMN_SOURCE) == 0 || strcmp(name, COLUMN_RECORD) == 0) return false;
    return view == NULL || !view_is_key(view, name);
}

static enum status put_line(struct batch_builder *report, const struct diff_line *line,
                            const struct column_profile *before, const struct column_profile *after,
                            const struct view *view, struct err *err)
{
    struct drift drift = {0};
    TRY(build_text(batch_builder_column(report, NAME), str_of(line->name), err));
    TRY(put_side(report, before, 0, err));
    TRY(put_side(report, after, 1, err));
    TRY(put_count(report, CHANGED, line->changed >= 0, line->changed, err));
    bool there = before != NULL && after != NULL && may_drift(view, line->name) &&
                 drift_between(before, after, &drift);
    TRY(put_real(report, PSI, there, drift.psi, err));
    return put_real(report, KS, there && drift.has_ks, drift.ks, err);
}

enum status diff_stats(struct batch *ret, const struct diff_line *lines, size_t count,
                       const struct profile *before, const struct profile *after,
                       const struct view *view, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *report = NULL;
    TRY(report_schema(&schema, err));
    TRY(batch_builder_open(&report, schema, (int64_t)count, err));
    for (size_t i = 0; i < count; i++)
        TRY(put_line(report, &lines[i], profile_column(before, lines[i].name),
                     profile_column(after, lines[i].name), view, err));
    return batch_builder_finish(report, ret, err);
}
