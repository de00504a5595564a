/* clean/module_images.c: bad pictures found before they are compared.
 *
 * Each picture of a picture row is decoded to its last byte; what can not be decoded is rejected
 * (or flagged, or made null). What can be decoded is measured (clean/images_measure.h) and gets a
 * word for each thing that is odd about it. Thresholds are settings; the words are fixed. */
#include "clean/images_measure.h"
#include "clean/module.h"
#include "clean/parameters.h"
#include "clean/picture_step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum issue {
    ISSUE_UNREADABLE,
    ISSUE_EXTENSION,
    ISSUE_DARK,
    ISSUE_LIGHT,
    ISSUE_BLURRY,
    ISSUE_BLANK,
    ISSUE_GRAYSCALE,
    ISSUE_ASPECT,
    ISSUE_SIZE,
    ISSUE_COUNT
};
static const char *const issue_names[ISSUE_COUNT] = {
    "unreadable", "extension", "dark",       "light",    "blurry",
    "blank",      "grayscale", "odd aspect", "odd size",
};
#define CHECKS "extension|dark|light|blurry|blank|grayscale|odd_aspect|odd_size|all"

/* Areas are counted in eighths of a power of two. */
#define AREA_STEPS 8
#define AREA_BINS  (64 * AREA_STEPS)

enum { ALL_CHECKS = ISSUE_COUNT - ISSUE_EXTENSION }; /* behind the last check */
enum on_issue { ON_ISSUE_FLAG, ON_ISSUE_REJECT, ON_ISSUE_REPORT };
enum on_unreadable { ON_UNREADABLE_REJECT, ON_UNREADABLE_FLAG, ON_UNREADABLE_NULL };

struct config {
    const char *column, *path;
    struct text_list checks;
    int on_fail, on_issue;
    double dark, light, blurry, blank, odd_aspect, odd_size;
    int64_t pixels, scans;
    uint64_t picture_memory, picture_bytes;
    struct picture_settings tensors; /* into NULL = none */
};

struct state {
    const struct config *config;
    size_t image; /* column */
    int64_t path; /* column, -1 = none */
    bool checked[ISSUE_COUNT];
    bool adds_columns; /* image_ok and image_issues, behind the others */
    bool drops_pictures;
    size_t first_mark; /* place of image_ok among the columns that leave */
    const char *thresholds[ISSUE_COUNT];
    struct picture_limits limits;
    struct picture_settings settings;
    struct picture_step *tensors; /* NULL = none are made */
    int64_t areas[AREA_BINS];     /* pictures by their area, for odd size */
    double usual_area;            /* the median's logarithm; 0 = not known */
};

#define SET(member) offsetof(struct config, member)
static const struct setting settings[] = {
    {"column", SETTING_TEXT, SET(column), "image", .help = "the binary column with the pictures"},
    {"path", SETTING_TEXT, SET(path), "path", .help = "the column with their file names"},
    {"checks", SETTING_TEXTS, SET(checks),
     .help =
         "which of " CHECKS " to look for besides what can not be decoded; none listed = all but "
         "odd_size, which needs a pass over all pictures"},
    {"on_fail", SETTING_CHOICE, SET(on_fail), "reject", "reject|flag|null",
     .help = "what becomes of a picture that can not be decoded"},
    {"on_issue", SETTING_CHOICE, SET(on_issue), "flag", "flag|reject|report",
     .help = "what becomes of a picture that is odd: flag names it in image_issues"},
    {"dark", SETTING_REAL, SET(dark), "0.3", .minimum = 0, .maximum = 1,
     .help = "dark: 99 of 100 pixels are below this brightness"},
    {"light", SETTING_REAL, SET(light), "0.8", .minimum = 0, .maximum = 1,
     .help = "light: 99 of 100 pixels are above this brightness"},
    {"blurry", SETTING_REAL, SET(blurry), "0.07", .minimum = 0, .maximum = 20,
     .help = "blurry: less detail, edges by contrast at 128 pixels, than this"},
    {"blank", SETTING_REAL, SET(blank), "1.5", .minimum = 0, .maximum = 8,
     .help = "blank: fewer bits of information a pixel than this"},
    {"odd_aspect", SETTING_REAL, SET(odd_aspect), "0.35", .minimum = 0, .maximum = 1,
     .help = "odd aspect: short side by long side is below this"},
    {"odd_size", SETTING_REAL, SET(odd_size), "10", .minimum = 1, .maximum = 1e6,
     .help = "odd size: sides so many times as long, or as short, as the usual ones"},
    {"pixels", SETTING_INT, SET(pixels), "100000000", .minimum = 1, .maximum = 4e9,
     .help = "pixels of one picture at most"},
    {"scans", SETTING_INT, SET(scans), "100", .minimum = 1, .maximum = 100000,
     .help = "scans of a progressive JPEG at most"},
    {"picture_memory", SETTING_SIZE, SET(picture_memory), "64M",
     .help = "memory a decoder may use for one picture"},
    {"picture_bytes", SETTING_SIZE, SET(picture_bytes), "64M", .help = "bytes of one file at most"},
    {"tensors", SETTING_TEXT, SET(tensors.into),
     .help = "add a column of this name with each picture decoded, turned upright by its Exif "
             "orientation and resized; the settings below are for it"},
    {"size", SETTING_TEXTS, SET(tensors.size),
     .help = "height and width of the tensors, 1 to 4096; 224, 224 when absent"},
    {"fit", SETTING_CHOICE, SET(tensors.fit), "crop", PICTURE_FITS,
     .help = "crop: the middle, sides in proportion; stretch: all of it; pad: all of it, sides in "
             "proportion, black around"},
    {"resize", SETTING_CHOICE, SET(tensors.resize), "area", PICTURE_RESIZES,
     .help =
         "area: the mean of what a place covers; bilinear: a triangle, as Pillow and torchvision; "
         "nearest: the pixel in the middle; area and bilinear enlarge linearly"},
    {"channels", SETTING_CHOICE, SET(tensors.channels), "rgb", PICTURE_COLORS,
     .help = "three channels, or one of luma"},
    {"layout", SETTING_CHOICE, SET(tensors.layout), "chw", PICTURE_LAYOUTS,
     .help = "order of the axes: channel (RGB), height, width, or channel last"},
    {"dtype", SETTING_CHOICE, SET(tensors.dtype), "uint8", PICTURE_DTYPES,
     .help = "type of the values; floats are value / 255"},
    {"keep_pictures", SETTING_FLAG, SET(tensors.keep), "true",
     .help = "whether the column of pictures stays"},
    {NULL},
};

/* ---- open ---- */

static enum status read_checks(struct state *state, const struct module_setup *setup,
                               struct err *err)
{
    const struct text_list *checks = &state->config->checks;
    state->checked[ISSUE_UNREADABLE] = true;
    for (int i = ISSUE_EXTENSION; i < ISSUE_SIZE; i++)
        state->checked[i] = checks->count == 0;
    for (size_t i = 0; i < checks->count; i++) {
        int index = choice_index(CHECKS, str_of(checks->items[i]));
        if (index < 0) {
            const struct yaml_node *node = setup->node ? yaml_get(setup->node, "checks") : NULL;
            return fail_at(node != NULL ? node : setup->node, err,
                           "check \"%s\" is none of " CHECKS, checks->items[i]);
        }
        for (int issue = ISSUE_EXTENSION; issue < ISSUE_COUNT; issue++)
            state->checked[issue] |= issue == ISSUE_EXTENSION + index || ALL_CHECKS == index;
    }
    return STATUS_OK;
}

static enum status describe_thresholds(struct state *state, struct arena *arena, struct err *err)
{
    const struct config *config = state->config;
    state->thresholds[ISSUE_UNREADABLE] = "every byte decodes";
    state->thresholds[ISSUE_EXTENSION] = "the name says the format";
    state->thresholds[ISSUE_DARK] = arena_format(arena, "brightness above %g", config->dark);
    state->thresholds[ISSUE_LIGHT] = arena_format(arena, "brightness below %g", config->light);
    state->thresholds[ISSUE_BLURRY] = arena_format(arena, "detail above %g", config->blurry);
    state->thresholds[ISSUE_BLANK] = arena_format(arena, "at least %g bits", config->blank);
    state->thresholds[ISSUE_GRAYSCALE] = "a colored pixel";
    state->thresholds[ISSUE_ASPECT] = arena_format(arena, "aspect above %g", config->odd_aspect);
    state->thresholds[ISSUE_SIZE] = arena_format(arena, "sides within %g times", config->odd_size);
    for (int i = 0; i < ISSUE_COUNT; i++)
        if (state->thresholds[i] == NULL) return fail_memory(err, 32);
    return STATUS_OK;
}

static enum status find_columns(struct state *state, const struct schema *schema, struct err *err)
{
    TRY(schema_require(schema, str_of(state->config->column), &state->image, err));
    const struct field *field = &schema->fields[state->image];
    if (field->type.id != TYPE_BINARY) {
        char type[64];
        fail(err, STATUS_USAGE, "column \"%s\" is %s, expected binary with pictures", field->name,
             field_type_text(field, type, sizeof type));
        err_hint(err, "name the column of the pictures with the setting column");
        return STATUS_USAGE;
    }
    state->path = schema_find(schema, str_of(state->config->path));
    return STATUS_OK;
}

static enum status add_columns(const struct state *state, const struct schema *schema,
                               struct schema **ret, struct err *err)
{
    if (!state->adds_columns) return STATUS_OK;
    if (schema_find(schema, str_of("image_ok")) >= 0 ||
        schema_find(schema, str_of("image_issues")) >= 0) {
        fail(err, STATUS_USAGE, "column \"image_ok\" or \"image_issues\" is there already");
        err_hint(err, "use on_fail: reject with on_issue: report or reject, which add no columns");
        return STATUS_USAGE;
    }
    OWNED(schema_unref) struct schema *copy = NULL;
    TRY(schema_copy(&copy, schema, err));
    TRY(schema_add_column(copy, "image_ok", TYPE_BOOL, err));
    TRY(schema_add_column(copy, "image_issues", TYPE_UTF8, err));
    *ret = copy;
    copy = NULL;
    return STATUS_OK;
}

/* Tensors come behind the columns that are added, and are not told a second time what is wrong. */
static enum status open_tensors(struct state *state, const struct module_setup *setup,
                                struct schema **schema, struct err *err)
{
    if (state->config->tensors.into == NULL) return STATUS_OK;
    OWNED(schema_unref) struct schema *marked = *schema;
    struct module_setup behind = *setup;
    *schema = NULL;
    if (marked != NULL) behind.schema = marked;
    state->settings = state->config->tensors;
    state->settings.column = state->config->column;
    state->settings.on_fail = UNDECODABLE_TOLD;
    state->settings.limits = &state->limits;
    state->settings.bytes_maximum = state->config->picture_bytes;
    return picture_step_open(&state->tensors, &behind, &state->settings, schema, err);
}

static enum status open_images(void **ret_state, const struct module_setup *setup,
                               struct schema **ret_schema, struct err *err)
{
    struct state *state = arena_get(setup->arena, 1, sizeof *state);
    if (state == NULL) return fail_memory(err, sizeof *state);
    const struct config *config = setup->config;
    state->config = config;
    state->limits = (struct picture_limits){(uint64_t)config->pixels, config->picture_memory,
                                            (int)config->scans};
    state->adds_columns =
        config->on_fail == ON_UNREADABLE_FLAG || config->on_issue == ON_ISSUE_FLAG;
    state->drops_pictures = config->tensors.into != NULL && !config->tensors.keep;
    state->first_mark = setup->schema->count - state->drops_pictures;
    TRY(find_columns(state, setup->schema, err));
    TRY(read_checks(state, setup, err));
    TRY(describe_thresholds(state, setup->arena, err));
    TRY(add_columns(state, setup->schema, ret_schema, err));
    TRY(open_tensors(state, setup, ret_schema, err));
    *ret_state = state;
    return STATUS_OK;
}

/* ---- fit: the usual size, where odd sizes are looked for ---- */

static double log2_area(uint32_t width, uint32_t height)
{
    return log2((double)width * (double)height);
}

/* Counts of the areas of one window. */
struct tally {
    int64_t areas[AREA_BINS];
};

static bool images_need_fit(const void *state)
{
    return ((const struct state *)state)->checked[ISSUE_SIZE];
}

static enum status keep_info(void *context, const struct picture_info *info, struct err *err)
{
    (void)err;
    *(struct picture_info *)context = *info;
    return STATUS_OK;
}

/* The size a picture says it has; a broken header has none. */
static enum status read_size(const struct state *state, struct str bytes, struct picture_info *ret,
                             struct err *err)
{
    struct picture_sink sink = {ret, keep_info, NULL};
    struct picture_fault fault;
    return picture_decode(bytes, &state->limits, &sink, &fault, err);
}

static enum status observe_images(const void *state_, int pass, const struct window *window,
                                  void *tally_, struct err *err)
{
    (void)pass;
    const struct state *state = state_;
    struct tally *tally = tally_;
    const struct array *images = window->batch->columns[state->image];
    for (int64_t row = 0; row < window->batch->rows; row++) {
        struct picture_info info = {0};
        if (array_is_null(images, row)) continue;
        TRY(read_size(state, array_text(images, row), &info, err));
        if (info.width > 0) tally->areas[(int)(AREA_STEPS * log2_area(info.width, info.height))]++;
    }
    return STATUS_OK;
}

static enum status absorb_images(void *state_, int pass, void *tally_, struct err *err)
{
    (void)pass;
    (void)err;
    struct state *state = state_;
    const struct tally *tally = tally_;
    for (int bin = 0; bin < AREA_BINS; bin++)
        state->areas[bin] += tally->areas[bin];
    return STATUS_OK;
}

static enum status settle_images(void *state_, int pass, bool *ret_more, struct err *err)
{
    (void)pass;
    (void)ret_more;
    (void)err;
    struct state *state = state_;
    int64_t count = 0, seen = 0;
    for (int bin = 0; bin < AREA_BINS; bin++)
        count += state->areas[bin];
    for (int bin = 0; bin < AREA_BINS && 2 * seen < count; bin++) {
        seen += state->areas[bin];
        state->usual_area = (bin + 0.5) / AREA_STEPS;
    }
    return STATUS_OK;
}

static enum status save_images(const void *state_, struct bytes *ret, struct err *err)
{
    const struct state *state = state_;
    TRY(bytes_append_text(ret, "{", err));
    TRY(put_real(ret, "usual_area", state->usual_area, err));
    return bytes_append_text(ret, "}", err);
}

static enum status load_images(void *state_, const struct yaml_node *parameters, struct err *err)
{
    struct state *state = state_;
    return get_real(parameters, "usual_area", &state->usual_area, err);
}

/* ---- one picture ---- */

static bool ends_with(struct str name, const char *ending)
{
    size_t size = strlen(ending);
    if (name.size < size) return false;
    return strncasecmp(name.data + name.size - size, ending, size) == 0;
}

/* Names without an extension we know say nothing. */
static bool name_lies(struct str name, enum picture_format format)
{
    static const char *const jpeg_endings[] = {".jpg", ".jpeg", ".jpe", ".jfif"};
    static const char *const other_endings[] = {".gif", ".webp", ".bmp", ".tif", ".tiff", ".txt"};
    for (size_t i = 0; i < sizeof jpeg_endings / sizeof *jpeg_endings; i++)
        if (ends_with(name, jpeg_endings[i])) return format != PICTURE_JPEG;
    for (size_t i = 0; i < sizeof other_endings / sizeof *other_endings; i++)
        if (ends_with(name, other_endings[i])) return true;
    return ends_with(name, ".png") && format != PICTURE_PNG;
}

/* What was found about one picture. */
struct verdict {
    bool has[ISSUE_COUNT];
    char found[ISSUE_COUNT][160]; /* the value behind each issue */
};

static void note(const struct state *state, struct verdict *verdict, enum issue issue, bool holds,
                 const char *what, double value)
{
    if (!holds || !state->checked[issue]) return;
    verdict->has[issue] = true;
    snprintf(verdict->found[issue], sizeof verdict->found[issue], "%s %.3g", what, value);
}

static void judge_measures(const struct state *state, const struct images_measure *measure,
                           struct verdict *verdict)
{
    const struct config *config = state->config;
    bool blank = measure->information < config->blank;
    note(state, verdict, ISSUE_DARK, measure->bright < config->dark, "brightness", measure->bright);
    note(state, verdict, ISSUE_LIGHT, measure->shade > config->light, "brightness", measure->shade);
    note(state, verdict, ISSUE_BLANK, blank, "bits", measure->information);
    note(state, verdict, ISSUE_BLURRY, !blank && measure->detail < config->blurry, "detail",
         measure->detail);
    note(state, verdict, ISSUE_GRAYSCALE, !blank && measure->color == 0, "colored share", 0);
    double steps = fabs(log2_area(measure->info.width, measure->info.height) - state->usual_area);
    note(state, verdict, ISSUE_SIZE, state->usual_area > 0 && steps > 2 * log2(config->odd_size),
         "sides by the usual", exp2(steps / 2));
    note(state, verdict, ISSUE_ASPECT, measure->aspect < config->odd_aspect, "aspect",
         measure->aspect);
}

static enum status judge(const struct state *state, struct str bytes, struct str path,
                         struct verdict *verdict, struct err *err)
{
    struct picture_fault fault = {0};
    struct images_measure measure = {0};
    *verdict = (struct verdict){0};
    if (bytes.size > state->config->picture_bytes)
        snprintf(fault.reason, sizeof fault.reason, "%zu bytes, more than the limit", bytes.size);
    else
        TRY(images_measure(bytes, &state->limits, &measure, &fault, err));
    if (fault.reason[0] != '\0') {
        verdict->has[ISSUE_UNREADABLE] = true;
        memcpy(verdict->found[ISSUE_UNREADABLE], fault.reason, sizeof fault.reason);
        return STATUS_OK;
    }
    judge_measures(state, &measure, verdict);
    if (state->checked[ISSUE_EXTENSION] && name_lies(path, measure.info.format)) {
        verdict->has[ISSUE_EXTENSION] = true;
        snprintf(verdict->found[ISSUE_EXTENSION], sizeof verdict->found[0], "%.*s is %s",
                 (int)(path.size < 100 ? path.size : 100), path.data,
                 picture_format_name(measure.info.format));
    }
    return STATUS_OK;
}

/* ---- one window ---- */

/* The columns being written and the counts, for the thread that runs apply. */
struct marking {
    struct builder *ok, *issues, *image;
    int64_t rows[ISSUE_COUNT];
    int64_t nulled;
};

static void marking_release(struct marking *marking)
{
    builder_close(&marking->ok);
    builder_close(&marking->issues);
    builder_close(&marking->image);
}

static enum status marking_open(const struct state *state, const struct window *window,
                                struct marking *ret, struct err *err)
{
    int64_t rows = window->batch->rows;
    struct field ok = field_of("image_ok", TYPE_BOOL), issues = field_of("image_issues", TYPE_UTF8);
    if (state->adds_columns) {
        TRY(builder_open(&ret->ok, &ok, rows, err));
        TRY(builder_open(&ret->issues, &issues, rows, err));
    }
    if (state->config->on_fail != ON_UNREADABLE_NULL || state->drops_pictures) return STATUS_OK;
    return builder_open(&ret->image, &window->batch->schema->fields[state->image], rows, err);
}

static enum status write_marks(const struct verdict *verdict, struct marking *marking,
                               struct err *err)
{
    char words[160] = "";
    size_t size = 0;
    for (int i = 0; i < ISSUE_COUNT; i++)
        if (verdict->has[i])
            size += (size_t)snprintf(words + size, sizeof words - size, "%s%s",
                                     size > 0 ? ", " : "", issue_names[i]);
    TRY(build_bool(marking->ok, !verdict->has[ISSUE_UNREADABLE], err));
    if (size == 0) return build_null(marking->issues, err);
    return build_text(marking->issues, (struct str){words, size}, err);
}

static enum status act(const struct state *state, const struct verdict *verdict, int64_t row,
                       struct change *change, struct marking *marking, struct err *err)
{
    for (int i = 0; i < ISSUE_COUNT; i++) {
        if (!verdict->has[i]) continue;
        bool reject = i == ISSUE_UNREADABLE ? state->config->on_fail == ON_UNREADABLE_REJECT
                                            : state->config->on_issue == ON_ISSUE_REJECT;
        if (!reject) {
            marking->rows[i]++;
            continue;
        }
        TRY(change_reject(change, row, issue_names[i], state->config->column,
                          str_of(verdict->found[i]), state->thresholds[i], err));
        break;
    }
    return STATUS_OK;
}

static enum status mark_row(const struct state *state, const struct window *window, int64_t row,
                            struct change *change, struct marking *marking, struct err *err)
{
    const struct batch *batch = window->batch;
    const struct array *images = batch->columns[state->image];
    bool absent = array_is_null(images, row);
    struct verdict verdict = {0};
    struct str path = {NULL, 0};
    if (state->path >= 0)
        array_text_at(&batch->schema->fields[state->path], batch->columns[state->path], row, &path);
    if (!absent) {
        TRY(judge(state, array_text(images, row), path, &verdict, err));
        TRY(act(state, &verdict, row, change, marking, err));
    }
    bool broken = verdict.has[ISSUE_UNREADABLE];
    if (marking->image != NULL) {
        marking->nulled += broken;
        TRY(broken ? build_null(marking->image, err)
                   : build_copy(marking->image, images, row, err));
    }
    if (marking->ok == NULL) return STATUS_OK;
    if (!absent) return write_marks(&verdict, marking, err);
    TRY(build_null(marking->ok, err));
    return build_null(marking->issues, err);
}

static enum status hand_over(const struct state *state, struct marking *marking,
                             struct change *change, struct err *err)
{
    struct array *array = NULL;
    if (marking->image != NULL) {
        TRY(builder_finish(marking->image, &array, err));
        change_column(change, state->image, &array);
        change_cells(change, state->image, marking->nulled);
        change_rule(change, state->image, "image");
    }
    if (marking->ok != NULL) {
        TRY(builder_finish(marking->ok, &array, err));
        change_column(change, state->first_mark, &array);
        TRY(builder_finish(marking->issues, &array, err));
        change_column(change, state->first_mark + 1, &array);
    }
    for (int i = 0; i < ISSUE_COUNT; i++)
        if (marking->rows[i] > 0)
            TRY(change_finding(change, issue_names[i], state->config->column, marking->rows[i],
                               err));
    return STATUS_OK;
}

static enum status apply_images(const void *state_, const struct window *window,
                                struct change *change, struct err *err)
{
    const struct state *state = state_;
    OWNED(marking_release) struct marking marking = {0};
    TRY(marking_open(state, window, &marking, err));
    for (int64_t row = 0; row < window->batch->rows; row++)
        TRY(mark_row(state, window, row, change, &marking, err));
    TRY(hand_over(state, &marking, change, err));
    return state->tensors == NULL ? STATUS_OK
                                  : picture_step_apply(state->tensors, window, change, err);
}

/* Names have a part where they are held against formats. */
static enum status images_lineage(const void *state_, struct column_lineage *lineage,
                                  struct err *err)
{
    static const char *const added[] = {"image_ok", "image_issues"};
    const struct state *state = state_;
    const char *image = state->config->column;
    bool named = state->path >= 0 && state->checked[ISSUE_EXTENSION];
    if (state->tensors != NULL)
        TRY(column_from(lineage, state->settings.into, image, "DIRECT", "TRANSFORMATION", false,
                        err));
    if (state->config->on_fail == ON_UNREADABLE_REJECT ||
        state->config->on_issue == ON_ISSUE_REJECT)
        TRY(column_filters(lineage, image, "FILTER", err));
    if (state->config->on_issue == ON_ISSUE_REJECT && named)
        TRY(column_filters(lineage, state->config->path, "FILTER", err));
    for (size_t i = 0; state->adds_columns && i < 2; i++)
        TRY(column_from(lineage, added[i], image, "DIRECT", "TRANSFORMATION", false, err));
    if (!state->adds_columns || !named || state->config->on_issue != ON_ISSUE_FLAG)
        return STATUS_OK;
    return column_from(lineage, "image_issues", state->config->path, "DIRECT", "TRANSFORMATION",
                       false, err);
}

static size_t images_growth(const void *state_)
{
    const struct state *state = state_;
    return state->tensors == NULL ? 0 : picture_step_growth(state->tensors);
}

const struct clean_module module_images = {
    .name = "images",
    .summary = "find pictures that are broken, dark, light, blurred, blank or misnamed",
    .source = "libpng and libjpeg-turbo decode test; Pech-Pacheco et al. 2000 (ICPR) for blur",
    .settings = settings,
    .config_bytes = sizeof(struct config),
    .open = open_images,
    .removes_rows = true,
    .needs_fit = images_need_fit,
    .growth = images_growth,
    .tally_bytes = sizeof(struct tally),
    .observe = observe_images,
    .absorb = absorb_images,
    .settle = settle_images,
    .save = save_images,
    .load = load_images,
    .apply = apply_images,
    .column_lineage = images_lineage,
};
