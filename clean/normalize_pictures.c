/* clean/normalize_pictures.c: the family of normalize that makes tensors (clean/picture_step.h). */
#include "clean/normalize.h"

struct tensors {
    struct picture_settings settings; /* with the type that dtype means for pictures */
    struct picture_step *step;
};

/* ---- open ---- */

static enum status read_dtype(struct picture_settings *settings, const struct module_setup *setup,
                              struct err *err)
{
    switch ((enum normalize_dtype)((const struct normalize_config *)setup->config)->dtype) {
    case DTYPE_FLOAT64:
        return fail_at(setup->node, err,
                       "dtype float64 is for numbers, tensors are float32, float16 or uint8");
    case DTYPE_AUTO:
    case DTYPE_FLOAT32: settings->dtype = TENSOR_FLOAT32; break;
    case DTYPE_FLOAT16: settings->dtype = TENSOR_FLOAT16; break;
    case DTYPE_UINT8: settings->dtype = TENSOR_UINT8; break;
    }
    return STATUS_OK;
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct tensors *tensors = arena_get(setup->arena, 1, sizeof *tensors);
    if (tensors == NULL) return fail_memory(err, sizeof *tensors);
    tensors->settings = ((const struct normalize_config *)setup->config)->pictures;
    TRY(read_dtype(&tensors->settings, setup, err));
    TRY(picture_step_open(&tensors->step, setup, &tensors->settings, ret_schema, err));
    *ret = tensors;
    return STATUS_OK;
}

static bool may_remove(const void *opaque)
{
    return picture_step_rejects(((const struct tensors *)opaque)->step);
}

static bool touches(const void *opaque, size_t column)
{
    return picture_step_touches(((const struct tensors *)opaque)->step, column);
}

static size_t growth(const void *opaque)
{
    return picture_step_growth(((const struct tensors *)opaque)->step);
}

/* ---- nothing is learned ---- */

static bool needs_fit(const void *opaque)
{
    (void)opaque;
    return false;
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    (void)opaque;
    return bytes_append_text(json, "{}", err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    (void)opaque;
    (void)parameters;
    (void)err;
    return STATUS_OK;
}

/* ---- apply ---- */

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    return picture_step_apply(((const struct tensors *)opaque)->step, window, change, err);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct picture_settings *settings = &((const struct tensors *)opaque)->settings;
    if (may_remove(opaque)) TRY(column_filters(lineage, settings->column, "FILTER", err));
    return column_from(lineage, settings->into, settings->column, "DIRECT", "TRANSFORMATION", false,
                       err);
}

/* The state is the arena's. */
static void close_tensors(void **tensors)
{
    *tensors = NULL;
}

const struct clean_module normalize_tensors = {
    .open = open,
    .may_remove = may_remove,
    .needs_fit = needs_fit,
    .touches = touches,
    .growth = growth,
    .apply = apply,
    .save = save,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_tensors,
};
