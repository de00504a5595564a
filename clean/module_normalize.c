/* clean/module_normalize.c: numbers on a common scale for a model, or pictures as tensors: the
 * settings, and which family of methods works on them (clean/normalize.h). */
#include "clean/normalize.h"

const char normalize_methods[] =
    "standard|minmax|robust|maxabs|log|clip|binarize|quantile|power|bin|"
    "rows|one-hot|ordinal";
static const char *const rules[] = {"standard", "minmax",   "robust",   "maxabs", "log",
                                    "clip",     "binarize", "quantile", "power",  "bin",
                                    "rows",     "one-hot",  "ordinal"};

#define CONFIG(member)   offsetof(struct normalize_config, member)
#define PICTURES(member) CONFIG(pictures.member)
/* clang-format off: one row a line reads as the table it is */
static const struct setting settings[] = {
    {"columns", SETTING_TEXTS, CONFIG(columns),
     .help = "numeric columns, or patterns like x*; all numeric columns when absent"},
    {"method", SETTING_CHOICE, CONFIG(method), "standard", normalize_methods,
     .help =
         "standard: mean 0 and deviation 1; minmax: low to high; robust: median and quantile "
         "range; maxabs: largest magnitude 1; log: sign(x) log(1 + |x|); clip: held between "
         "two quantiles; binarize: 1 above the threshold, else 0; quantile: by rank; power: made "
         "normal; bin: number of a bin; rows: each row of length 1; one-hot, ordinal: texts, "
         "integers and booleans (name the columns) to a column of 0 and 1 a value, or to the "
         "place in their order"},
    {"dtype", SETTING_CHOICE, CONFIG(dtype), "auto", "auto|float64|float32|float16|uint8",
     .help =
         "type of the values that leave: float64 (auto), float32 or float16 for numbers, "
         "float32 (auto), float16 or uint8 for pictures, uint8 (auto) for one-hot, int32 (auto) "
         "for ordinal and bin"},
    {"low", SETTING_REAL, CONFIG(low), "0", .minimum = -1e300, .maximum = 1e300,
     .help = "smallest value after minmax"},
    {"high", SETTING_REAL, CONFIG(high), "1", .minimum = -1e300, .maximum = 1e300,
     .help = "largest value after minmax"},
    {"hold", SETTING_FLAG, CONFIG(hold),
     .help = "whether minmax holds new values within low and high"},
    {"center", SETTING_FLAG, CONFIG(center), "true",
     .help = "whether standard and robust subtract the middle"},
    {"spread", SETTING_FLAG, CONFIG(spread), "true",
     .help = "whether standard and robust divide by the spread"},
    {"unit_variance", SETTING_FLAG, CONFIG(unit_variance),
     .help = "whether robust gives normally distributed values a deviation of 1"},
    {"lower", SETTING_REAL, CONFIG(lower), "0", .minimum = 0, .maximum = 1,
     .help = "lower quantile of robust (0.25) and clip (0.01)"},
    {"upper", SETTING_REAL, CONFIG(upper), "0", .minimum = 0, .maximum = 1,
     .help = "upper quantile of robust (0.75) and clip (0.99)"},
    {"threshold", SETTING_REAL, CONFIG(threshold), "0", .minimum = -1e300, .maximum = 1e300,
     .help = "of binarize"},
    {"quantiles", SETTING_INT, CONFIG(quantiles), "1000", .minimum = 2, .maximum = 10000,
     .help = "how many quantiles the method quantile learns"},
    {"distribution", SETTING_CHOICE, CONFIG(distribution), "uniform", "uniform|normal",
     .help = "what quantile makes of the ranks"},
    {"power", SETTING_CHOICE, CONFIG(power), "yeo-johnson", "yeo-johnson|box-cox",
     .help = "the transform of the method power; box-cox takes values above 0 only"},
    {"bins", SETTING_INT, CONFIG(bins), "5", .minimum = 2, .maximum = 9999,
     .help = "how many bins the method bin makes"},
    {"edges", SETTING_CHOICE, CONFIG(edges), "quantile", "quantile|uniform",
     .help = "bins with as many values each, or of equal width"},
    {"norm", SETTING_CHOICE, CONFIG(norm), "l2", "l2|l1|max",
     .help = "the length that rows makes 1: root of squares, sum, or largest magnitude"},
    {"drop", SETTING_CHOICE, CONFIG(drop), "none", "none|first|binary",
     .help =
         "whether one-hot leaves the first value without a column, or only where there are two"},
    {"unknown", SETTING_CHOICE, CONFIG(unknown), "ignore", "ignore|reject",
     .help =
         "what becomes of a row with a value that was not learned; ignored, one-hot gives zeros "
         "and ordinal null"},
    {"most_categories", SETTING_INT, CONFIG(most_categories), "0", .minimum = 0, .maximum = 10000,
     .help = "more values than this are put together, the rarest first, as \"other\"; 0 = never"},
    {"least_count", SETTING_INT, CONFIG(least_count), "0", .minimum = 0, .maximum = 1e15,
     .help = "values seen fewer times are put together as \"other\""},
    {"pictures", SETTING_TEXT, PICTURES(column),
     .help = "the binary column whose PNG and JPEG pictures become tensors; the settings below are "
             "for them, those above for numbers"},
    {"content", SETTING_CHOICE, PICTURES(content), "pixels", PICTURE_CONTENT,
     .help = "what the tensors hold: pixels, or hog: histograms of gradients and colors that "
             "describe them, 1,860 values at 32 x 32 pixels"},
    {"size", SETTING_TEXTS, PICTURES(size),
     .help = "height and width of the tensors in pixels, 1 to 4096; 224, 224 when absent; hog: a "
             "square whose side is a multiple of 8, 32, 32 when absent"},
    {"fit", SETTING_CHOICE, PICTURES(fit), "crop", PICTURE_FITS,
     .help = "crop: the middle, sides in proportion; stretch: all of it; pad: all of it, sides in "
             "proportion, black around"},
    {"resize", SETTING_CHOICE, PICTURES(resize), "area", PICTURE_RESIZES,
     .help =
         "area: the mean of what a place covers; bilinear: a triangle, as Pillow and torchvision; "
         "nearest: the pixel in the middle; area and bilinear enlarge linearly"},
    {"channels", SETTING_CHOICE, PICTURES(channels), "rgb", PICTURE_COLORS,
     .help = "three channels, or one of luma"},
    {"layout", SETTING_CHOICE, PICTURES(layout), "chw", PICTURE_LAYOUTS,
     .help = "order of the axes: channel, height, width, or channel last"},
    {"mean", SETTING_TEXTS, PICTURES(mean),
     .help = "subtracted from value / 255, one for each channel; 0, 0, 0 when absent"},
    {"std", SETTING_TEXTS, PICTURES(std), .help = "then divided by; 1, 1, 1 when absent"},
    {"into", SETTING_TEXT, PICTURES(into), "tensor", .help = "name of the column of tensors"},
    {"keep_pictures", SETTING_FLAG, PICTURES(keep), "true",
     .help = "whether the column of pictures stays"},
    {"on_fail", SETTING_CHOICE, PICTURES(on_fail), "reject", "reject|null",
     .help = "what becomes of a picture that can not be decoded"},
    {0}};
/* clang-format on */

const char *normalize_rule(int method)
{
    return rules[method];
}

enum status normalize_retyped(const struct schema *before, const size_t *columns, size_t count,
                              enum type_id type, struct schema **ret, struct err *err)
{
    OWNED(schema_unref) struct schema *schema = NULL;
    TRY(schema_new(&schema, err));
    size_t next = 0;
    for (size_t at = 0; at < before->count; at++) {
        struct field field = before->fields[at];
        if (next < count && columns[next] == at) {
            field.type = (struct type){.id = type};
            next++;
        }
        TRY(schema_add(schema, &field, err));
    }
    for (size_t i = 0; i < before->metadata.count; i++)
        TRY(schema_add_metadata(schema, before->metadata.pairs[i].key,
                                before->metadata.pairs[i].value, err));
    *ret = schema;
    schema = NULL;
    return STATUS_OK;
}

/* ---- the family that works ---- */

struct state {
    const struct clean_module *family;
    void *inner;
};

/* A tally knows whose it is, because discard is told nothing else. */
struct tally {
    const struct clean_module *family;
    void *inner[2]; /* of the family; none has a larger one */
};

static const struct clean_module *family_for(const struct normalize_config *config)
{
    if (config->pictures.column != NULL) return &normalize_tensors;
    switch ((enum normalize_method)config->method) {
    case NORMALIZE_QUANTILE:
    case NORMALIZE_BIN: return &normalize_quantile;
    case NORMALIZE_POWER: return &normalize_power;
    case NORMALIZE_ROWS: return &normalize_rows;
    case NORMALIZE_ONE_HOT:
    case NORMALIZE_ORDINAL: return &normalize_categories;
    default: return &normalize_scale;
    }
}

static enum status open(void **ret, const struct module_setup *setup, struct schema **ret_schema,
                        struct err *err)
{
    struct state *state;
    TRY(NEW(&state, 1, err));
    *ret = state;
    state->family = family_for(setup->config);
    if (state->family->tally_bytes > sizeof((struct tally *)0)->inner)
        return fail(err, STATUS_FAILED, "a tally of %zu bytes", state->family->tally_bytes);
    return state->family->open(&state->inner, setup, ret_schema, err);
}

static enum status fitted_schema(const void *opaque, struct schema **ret, struct err *err)
{
    const struct state *state = opaque;
    if (state->family->fitted_schema == NULL) return STATUS_OK;
    return state->family->fitted_schema(state->inner, ret, err);
}

static bool learns_schema(const void *opaque)
{
    return ((const struct state *)opaque)->family->fitted_schema != NULL;
}

static bool needs_fit(const void *opaque)
{
    const struct state *state = opaque;
    return state->family->needs_fit(state->inner);
}

static bool may_remove(const void *opaque)
{
    const struct state *state = opaque;
    return state->family->may_remove != NULL && state->family->may_remove(state->inner);
}

static bool touches(const void *opaque, size_t column)
{
    const struct state *state = opaque;
    return state->family->touches(state->inner, column);
}

static enum status observe(const void *opaque, int pass, const struct window *window, void *tally,
                           struct err *err)
{
    const struct state *state = opaque;
    struct tally *into = tally;
    into->family = state->family;
    return state->family->observe(state->inner, pass, window, into->inner, err);
}

static enum status absorb(void *opaque, int pass, void *tally, struct err *err)
{
    struct state *state = opaque;
    return state->family->absorb(state->inner, pass, ((struct tally *)tally)->inner, err);
}

static void discard(void *tally)
{
    struct tally *from = tally;
    if (from->family != NULL) from->family->discard(from->inner);
}

static bool carries(const void *opaque)
{
    const struct state *state = opaque;
    if (state->family->carry == NULL) return false;
    return state->family->carries == NULL || state->family->carries(state->inner);
}

static enum status carry(const void *opaque, int pass, void *tally, struct wire *wire,
                         struct err *err)
{
    const struct state *state = opaque;
    struct tally *of_family = tally;
    of_family->family = state->family;
    return state->family->carry(state->inner, pass, of_family->inner, wire, err);
}

static enum status settle(void *opaque, int pass, bool *ret_more, struct err *err)
{
    struct state *state = opaque;
    return state->family->settle(state->inner, pass, ret_more, err);
}

static enum status apply(const void *opaque, const struct window *window, struct change *change,
                         struct err *err)
{
    const struct state *state = opaque;
    return state->family->apply(state->inner, window, change, err);
}

static enum status save(const void *opaque, struct bytes *json, struct err *err)
{
    const struct state *state = opaque;
    return state->family->save(state->inner, json, err);
}

static enum status load(void *opaque, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = opaque;
    return state->family->load(state->inner, parameters, err);
}

static size_t growth(const void *opaque)
{
    const struct state *state = opaque;
    return state->family->growth == NULL ? 0 : state->family->growth(state->inner);
}

static enum status column_lineage(const void *opaque, struct column_lineage *lineage,
                                  struct err *err)
{
    const struct state *state = opaque;
    if (state->family->column_lineage == NULL) return STATUS_OK;
    return state->family->column_lineage(state->inner, lineage, err);
}

static void close_state(void **ret)
{
    struct state *state = *ret;
    if (state == NULL) return;
    if (state->inner != NULL) state->family->close(&state->inner);
    memory_free(state);
    *ret = NULL;
}

static bool parameters_suffice(const void *state)
{
    (void)state;
    return true;
}

const struct clean_module module_normalize = {
    .name = "normalize",
    .summary = "put numbers on a common scale for a model, make tensors of pictures",
    .source = "scikit-learn's scalers (Pedregosa et al. 2011); moments by Chan et al. 1983",
    .settings = settings,
    .config_bytes = sizeof(struct normalize_config),
    .uses_device = true,
    .open = open,
    .fitted_schema = fitted_schema,
    .learns_schema = learns_schema,
    .removes_rows = true,
    .may_remove = may_remove,
    .needs_fit = needs_fit,
    .touches = touches,
    .growth = growth,
    .passes = 1,
    .tally_bytes = sizeof(struct tally),
    .observe = observe,
    .absorb = absorb,
    .discard = discard,
    .settle = settle,
    .apply = apply,
    .save = save,
    .carry = carry,
    .carries = carries,
    .parameters_suffice = parameters_suffice,
    .load = load,
    .column_lineage = column_lineage,
    .close = close_state,
};
