/* clean/picture_step.c: settings, schema and windows around clean/picture_tensor.h. */
#include "clean/picture_step.h"

#include "clean/picture_hog.h"
#include "columnar/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SIDE_MAXIMUM     4096
#define HOG_SIDE         32 /* when no size is given */
#define HOG_SIDE_MINIMUM 16
#define HOG_SIDE_MAXIMUM 512

struct picture_step {
    const struct picture_settings *settings;
    size_t image;   /* column that enters */
    size_t into;    /* column that leaves */
    int32_t values; /* of one tensor that leaves */
    size_t bytes;
    bool hog;                     /* values describe the pixels that `tensor` is of */
    struct picture_tensor tensor; /* that pictures are decoded to */
    double mean[3], std[3];
    /* Where floats are made of pixels by channel, and what it is given; NULL = while decoding. */
    struct device *device;
    struct picture_tensor pixels;
};

/* ---- settings ---- */

/* The numbers of a list, or the fallback for each. */
static enum status read_numbers(const struct module_setup *setup, const char *name,
                                const struct text_list *list, double *ret, size_t count,
                                double fallback, struct err *err)
{
    const struct yaml_node *node = setup->node ? yaml_get(setup->node, name) : NULL;
    if (node == NULL) node = setup->node;
    for (size_t i = 0; i < count; i++)
        ret[i] = fallback;
    if (list->count == 0) return STATUS_OK;
    if (list->count != count)
        return fail_at(node, err, "%s has %zu numbers, expected %zu", name, list->count, count);
    for (size_t i = 0; i < count; i++) {
        char *end;
        ret[i] = strtod(list->items[i], &end);
        if (end == list->items[i] || *end != '\0' || !isfinite(ret[i]))
            return fail_at(node, err, "%s: \"%s\" is no number", name, list->items[i]);
    }
    return STATUS_OK;
}

static enum status read_size(struct picture_step *step, const struct module_setup *setup,
                             struct err *err)
{
    double size[2];
    TRY(read_numbers(setup, "size", &step->settings->size, size, 2, step->hog ? HOG_SIDE : 224,
                     err));
    for (int i = 0; i < 2; i++)
        if (size[i] != floor(size[i]) || size[i] < 1 || size[i] > SIDE_MAXIMUM)
            return fail_at(setup->node, err, "size %g is not a whole number from 1 to %d", size[i],
                           SIDE_MAXIMUM);
    step->tensor.height = (uint32_t)size[0];
    step->tensor.width = (uint32_t)size[1];
    step->values = (int32_t)(picture_tensor_channels(&step->tensor) * step->tensor.height *
                             step->tensor.width);
    step->bytes = picture_tensor_bytes(&step->tensor);
    return STATUS_OK;
}

/* Gradients are taken of all colors as they are; what leaves has a type, but no axes and no scale.
 */
static enum status read_hog(struct picture_step *step, const struct module_setup *setup,
                            struct err *err)
{
    const struct picture_settings *settings = step->settings;
    uint32_t side = step->tensor.width;
    if (!step->hog) return STATUS_OK;
    if (side != step->tensor.height || side % 8 != 0 || side < HOG_SIDE_MINIMUM ||
        side > HOG_SIDE_MAXIMUM)
        return fail_at(setup->node, err,
                       "size %u, %u: hog takes squares whose side is a multiple of 8 from %d to %d",
                       step->tensor.height, side, HOG_SIDE_MINIMUM, HOG_SIDE_MAXIMUM);
    if (settings->dtype == TENSOR_UINT8)
        return fail_at(setup->node, err, "hog is float32 or float16, not uint8");
    if (settings->layout != 0 || settings->channels != 0 ||
        settings->mean.count + settings->std.count > 0)
        return fail_at(setup->node, err, "hog takes no layout, channels, mean and std");
    step->tensor.dtype = TENSOR_UINT8;
    step->tensor.layout = TENSOR_HWC;
    step->values = (int32_t)picture_hog_values(side);
    step->bytes = (size_t)step->values * (settings->dtype == TENSOR_FLOAT16 ? 2 : 4);
    return STATUS_OK;
}

static enum status read_scale(struct picture_step *step, const struct module_setup *setup,
                              struct err *err)
{
    const struct picture_settings *settings = step->settings;
    size_t channels = picture_tensor_channels(&step->tensor);
    bool given = settings->mean.count > 0 || settings->std.count > 0;
    if (given && settings->dtype == TENSOR_UINT8)
        return fail_at(setup->node, err, "dtype uint8 takes no mean and std");
    TRY(read_numbers(setup, "mean", &settings->mean, step->mean, channels, 0, err));
    TRY(read_numbers(setup, "std", &settings->std, step->std, channels, 1, err));
    for (size_t i = 0; i < channels; i++)
        if (step->std[i] <= 0)
            return fail_at(setup->node, err, "std %g is not above 0", step->std[i]);
    picture_tensor_scale(&step->tensor, step->mean, step->std);
    return STATUS_OK;
}

/* ---- schema ---- */

static enum type_id value_type(int dtype)
{
    return dtype == TENSOR_UINT8     ? TYPE_UINT8
           : dtype == TENSOR_FLOAT16 ? TYPE_FLOAT16
                                     : TYPE_FLOAT32;
}

/* Arrow's canonical extension: the storage is a fixed-size list, the shape in its metadata. */
static enum status add_tensor(const struct picture_step *step, struct schema *schema,
                              struct err *err)
{
    char shape[160];
    uint32_t height = step->tensor.height, width = step->tensor.width;
    uint32_t channels = picture_tensor_channels(&step->tensor);
    if (step->hog)
        snprintf(shape, sizeof shape, "{\"shape\":[%d],\"dim_names\":[\"value\"]}", step->values);
    else if (step->tensor.layout == TENSOR_CHW)
        snprintf(shape, sizeof shape,
                 "{\"shape\":[%u,%u,%u],\"dim_names\":[\"channel\",\"height\",\"width\"]}",
                 channels, height, width);
    else
        snprintf(shape, sizeof shape,
                 "{\"shape\":[%u,%u,%u],\"dim_names\":[\"height\",\"width\",\"channel\"]}", height,
                 width, channels);
    struct metadata_pair pairs[] = {
        {str_of("ARROW:extension:name"), str_of("arrow.fixed_shape_tensor")},
        {str_of("ARROW:extension:metadata"), str_of(shape)},
    };
    struct field item = field_of("item", value_type(step->settings->dtype));
    struct field field = field_of(step->settings->into, TYPE_FIXED_LIST);
    field.type.width = step->values;
    field.children = &item;
    field.child_count = 1;
    field.metadata = (struct metadata){pairs, 2};
    return schema_add(schema, &field, err);
}

static enum status copy_metadata(struct schema *schema, const struct metadata *metadata,
                                 struct err *err)
{
    for (size_t i = 0; i < metadata->count; i++)
        TRY(schema_add_metadata(schema, metadata->pairs[i].key, metadata->pairs[i].value, err));
    return STATUS_OK;
}

static enum status make_schema(struct picture_step *step, const struct schema *before,
                               struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    for (size_t i = 0; i < before->count; i++)
        if (i != step->image || step->settings->keep)
            TRY(schema_add(schema, &before->fields[i], err));
    step->into = schema->count;
    TRY(add_tensor(step, schema, err));
    TRY(copy_metadata(schema, &before->metadata, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

static enum status find_columns(struct picture_step *step, const struct schema *schema,
                                struct err *err)
{
    TRY(schema_require(schema, str_of(step->settings->column), &step->image, err));
    const struct field *field = &schema->fields[step->image];
    if (field->type.id != TYPE_BINARY || field->dictionary) {
        char type[64];
        return fail(err, STATUS_USAGE, "column \"%s\" is %s, expected binary with pictures",
                    field->name, field_type_text(field, type, sizeof type));
    }
    if (schema_find(schema, str_of(step->settings->into)) < 0) return STATUS_OK;
    fail(err, STATUS_USAGE, "column \"%s\" is there already", step->settings->into);
    err_hint(err, "name the column of tensors with the setting into");
    return STATUS_USAGE;
}

static void choose_device(struct picture_step *step, struct device *device)
{
    bool fits = step->tensor.dtype == TENSOR_FLOAT32 && step->tensor.layout == TENSOR_CHW &&
                !step->tensor.gray && !step->hog;
    step->device = fits ? device : NULL;
    step->pixels = step->tensor;
    step->pixels.dtype = TENSOR_UINT8;
    step->pixels.layout = TENSOR_HWC;
}

enum status picture_step_open(struct picture_step **ret, const struct module_setup *setup,
                              const struct picture_settings *settings, struct schema **ret_schema,
                              struct err *err)
{
    struct picture_step *step = arena_get(setup->arena, 1, sizeof *step);
    if (step == NULL) return fail_memory(err, sizeof *step);
    step->settings = settings;
    step->tensor.fit = (enum tensor_fit)settings->fit;
    step->tensor.layout = (enum tensor_layout)settings->layout;
    step->tensor.dtype = (enum tensor_dtype)settings->dtype;
    step->tensor.resize = (enum resize_method)settings->resize;
    step->tensor.gray = settings->channels == 1;
    step->hog = settings->content == 1;
    step->tensor.limits = settings->limits != NULL ? *settings->limits : picture_limits_default;
    TRY(read_size(step, setup, err));
    TRY(read_hog(step, setup, err));
    TRY(read_scale(step, setup, err));
    choose_device(step, setup->device);
    TRY(find_columns(step, setup->schema, err));
    TRY(make_schema(step, setup->schema, ret_schema, err));
    *ret = step;
    return STATUS_OK;
}

bool picture_step_rejects(const struct picture_step *step)
{
    return step->settings->on_fail == UNDECODABLE_REJECT;
}

size_t picture_step_growth(const struct picture_step *step)
{
    size_t pixels = step->device == NULL ? 0 : picture_tensor_bytes(&step->pixels);
    return step->bytes + pixels;
}

bool picture_step_touches(const struct picture_step *step, size_t column)
{
    return column == step->image;
}

/* ---- one window ---- */

/* The tensors being written, for the thread that runs apply. */
struct writing {
    const struct picture_tensor *tensor; /* what pictures are decoded to */
    uint8_t *pixels;                     /* of all rows, where a device goes on with them; of one,
                                            where they are described; else NULL */
    float *work, *described;             /* of one picture */
    struct buffer values, validity;
    int64_t nulls;
};

static void writing_release(struct writing *writing)
{
    buffer_unref(&writing->values);
    buffer_unref(&writing->validity);
    memory_release(&writing->pixels);
    memory_release(&writing->work);
    memory_release(&writing->described);
}

static enum status writing_open(const struct picture_step *step, int64_t rows, struct writing *ret,
                                struct err *err)
{
    size_t one = step->bytes, size;
    if (__builtin_mul_overflow((size_t)rows, one, &size)) return fail_memory(err, SIZE_MAX);
    TRY(buffer_new(&ret->validity, (size_t)(rows + 7) / 8, err));
    enum status status = buffer_new_raw(&ret->values, size, err);
    if (status == STATUS_MEMORY)
        err_hint(err,
                 "%lld tensors of %zu bytes are made at a time: raise --memory or make them "
                 "smaller (size, dtype)",
                 (long long)rows, one);
    if (status != STATUS_OK) return status;
    ret->tensor = step->device == NULL ? &step->tensor : &step->pixels;
    size_t side = step->tensor.width, pixels = picture_tensor_bytes(ret->tensor);
    if (step->device != NULL) return NEW(&ret->pixels, (size_t)rows * pixels, err);
    if (!step->hog) return STATUS_OK;
    TRY(NEW(&ret->pixels, pixels, err));
    TRY(NEW(&ret->work, picture_hog_work(side), err));
    return NEW(&ret->described, (size_t)step->values, err);
}

/* What describes the picture in `pixels`, in the place of the row. */
static void describe(const struct picture_step *step, int64_t row, struct writing *writing)
{
    uint8_t *ret = buffer_writable(&writing->values) + (size_t)row * step->bytes;
    picture_hog(writing->pixels, step->tensor.width, writing->work, writing->described);
    if (step->settings->dtype == TENSOR_FLOAT32) {
        memcpy(ret, writing->described, step->bytes);
        return;
    }
    for (int32_t i = 0; i < step->values; i++)
        ((uint16_t *)(void *)ret)[i] = half_from_double(writing->described[i]);
}

/* Where the pixels of a row are decoded to. */
static uint8_t *place_of(const struct picture_step *step, int64_t row, struct writing *writing)
{
    size_t at = (size_t)row * picture_tensor_bytes(writing->tensor);
    if (step->hog) return writing->pixels;
    return (step->device == NULL ? buffer_writable(&writing->values) : writing->pixels) + at;
}

static enum status make_tensor(const struct picture_step *step, struct str bytes, int64_t row,
                               struct writing *writing, struct change *change, struct err *err)
{
    struct picture_fault fault = {0};
    uint64_t most = step->settings->bytes_maximum;
    if (most > 0 && bytes.size > most)
        snprintf(fault.reason, sizeof fault.reason, "%zu bytes, more than the limit", bytes.size);
    else
        TRY(picture_tensor_make(writing->tensor, bytes, place_of(step, row, writing), &fault, err));
    if (fault.reason[0] == '\0') {
        if (step->hog) describe(step, row, writing);
        buffer_writable(&writing->validity)[row >> 3] |= (uint8_t)(1 << (row & 7));
        return STATUS_OK;
    }
    writing->nulls++;
    if (picture_step_rejects(step))
        return change_reject(change, row, "unreadable", step->settings->column,
                             str_of(fault.reason), "every byte decodes", err);
    if (step->settings->on_fail == UNDECODABLE_TOLD) return STATUS_OK;
    return change_finding(change, "unreadable", step->settings->column, 1, err);
}

/* Where a device goes on with the pixels: all rows at once. Rows without a picture become zero. */
static enum status compute(const struct picture_step *step, int64_t rows, struct writing *writing,
                           struct err *err)
{
    size_t one = step->bytes;
    uint8_t *values = buffer_writable(&writing->values);
    int64_t places = (int64_t)step->tensor.width * step->tensor.height;
    if (step->device != NULL)
        TRY(device_pictures(step->device, writing->pixels, rows, places, step->mean, step->std,
                            (float *)(void *)values, err));
    for (int64_t row = 0; row < rows; row++)
        if (((writing->validity.data[row >> 3] >> (row & 7)) & 1) == 0)
            memset(values + (size_t)row * one, 0, one);
    return STATUS_OK;
}

static enum status finish(const struct picture_step *step, int64_t rows, struct writing *writing,
                          struct array **ret, struct err *err)
{
    OWNED(array_unref) struct array *items = NULL;
    struct buffer values = writing->values, validity = writing->validity;
    writing->values = writing->validity = (struct buffer){0};
    enum status status = array_make(&items, rows * step->values, 0, (struct buffer){0}, &values, 1,
                                    NULL, 0, NULL, err);
    if (status != STATUS_OK) {
        buffer_unref(&validity);
        return status;
    }
    struct array *children[] = {items};
    items = NULL;
    return array_make(ret, rows, writing->nulls, validity, NULL, 0, children, 1, NULL, err);
}

enum status picture_step_apply(const struct picture_step *step, const struct window *window,
                               struct change *change, struct err *err)
{
    const struct array *images = window->batch->columns[step->image];
    int64_t rows = window->batch->rows;
    OWNED(writing_release) struct writing writing = {0};
    TRY(writing_open(step, rows, &writing, err));
    for (int64_t row = 0; row < rows; row++) {
        if (array_is_null(images, row))
            writing.nulls++;
        else
            TRY(make_tensor(step, array_text(images, row), row, &writing, change, err));
    }
    struct array *tensors = NULL;
    TRY(compute(step, rows, &writing, err));
    TRY(finish(step, rows, &writing, &tensors, err));
    change_column(change, step->into, &tensors);
    return STATUS_OK;
}
