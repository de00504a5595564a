/* tests/unit/clean/test_device.c: the GPU's code gives the processor's bits.
 *
 *   test_device                the code of the GPU over an imitation of the CUDA runtime
 *   test_device tamis_cuda.so  the module itself, on a GPU; exit 77 where there is none */
#include "tests/unit/clean/cuda_imitation.h"

#include "clean/device_cuda.cu"

#include "tests/unit/clean/harness.h"

#include "base/parallel.h"
#include "clean/device.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>

#include <png.h>

extern const struct clean_module module_normalize;

#define VALUES 4200000 /* several chunks of either type, and a rest */
#define PLACES 37

static const struct device_module *module = &tamis_cuda;
static double *wide;
static float *narrow;

static struct device *open_device(void)
{
    struct device *device = NULL;
    struct err err = {0};
    if (device_open_module(&device, module, 0, &err) != STATUS_OK) fail_msg("%s", err.message);
    return device;
}

/* Denormals, infinities, NaN, zeros of both signs, numbers without an end. */
static int make_values(void **state)
{
    (void)state;
    static const double odd[] = {5e-324, -5e-324, 1e-310, NAN, -0.0, 0.0, 1e300, 1e-40, -1e-45};
    wide = memory_get(VALUES, sizeof *wide);
    narrow = memory_get(VALUES, sizeof *narrow);
    for (int64_t i = 0; i < VALUES; i++) {
        wide[i] = (double)((uint32_t)i * 2654435761u >> 8) / 3e5 - 20;
        if (i % 977 == 5) wide[i] = odd[i / 977 % 9];
        narrow[i] = (float)wide[i];
    }
    return 0;
}

static int free_values(void **state)
{
    (void)state;
    memory_free(wide);
    memory_free(narrow);
    return 0;
}

static const int64_t sizes[] = {0,   1,     3,     128,   255,    511,   512,
                                513, 65535, 65536, 65537, 524289, VALUES};
#define SIZES (sizeof sizes / sizeof *sizes)

static void moments_are_the_same(void **state)
{
    (void)state;
    struct device *device = open_device();
    for (size_t s = 0; s < SIZES; s++)
        for (int type = 0; type < 2; type++) {
            const void *values = type == ELEMENT_FLOAT64 ? (void *)wide : (void *)narrow;
            struct moments here, there;
            assert_int_equal(device_moments(NULL, type, values, sizes[s], &here, NULL), STATUS_OK);
            assert_int_equal(device_moments(device, type, values, sizes[s], &there, NULL),
                             STATUS_OK);
            assert_memory_equal(&here, &there, sizeof here);
        }
    device_close(&device);
}

static const struct scaling scalings[] = {
    {3.25, 1.7, -INFINITY, INFINITY}, /* standard, robust */
    {-20, 75.83, 0, 1},               /* min-max, held */
    {0, 1e-310, -INFINITY, INFINITY}, /* a denormal spread */
};

static void scale_both(struct device *device, int kind, int64_t count,
                       const struct scaling *scaling, void *here, void *there)
{
    enum element_type from = kind & 1 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64;
    enum element_type to = kind & 2 ? ELEMENT_FLOAT32 : ELEMENT_FLOAT64;
    const void *values = kind & 1 ? (void *)narrow : (void *)wide;
    size_t bytes = (size_t)count * (kind & 2 ? sizeof(float) : sizeof(double));
    memset(here, 1, bytes + 8);
    memset(there, 1, bytes + 8);
    assert_int_equal(device_scale(NULL, from, values, count, scaling, to, here, NULL), STATUS_OK);
    assert_int_equal(device_scale(device, from, values, count, scaling, to, there, NULL),
                     STATUS_OK);
    assert_int_equal(memcmp(here, there, bytes + 8), 0);
}

static void scaled_values_are_the_same(void **state)
{
    (void)state;
    struct device *device = open_device();
    OWNED(memory_release) double *here = memory_get(VALUES + 1, sizeof *here);
    OWNED(memory_release) double *there = memory_get(VALUES + 1, sizeof *there);
    int64_t overlapped = imitation.overlapped;
    for (size_t s = 0; s < SIZES; s++)
        for (int kind = 0; kind < 12; kind++)
            scale_both(device, kind & 3, sizes[s], &scalings[kind >> 2], here, there);
    /* a kernel runs while the chunk before comes back */
    assert_true(module != &tamis_cuda || imitation.overlapped > overlapped + 30);
    device_close(&device);
}

static void in_place_is_the_same(void **state)
{
    (void)state;
    struct device *device = open_device();
    OWNED(memory_release) float *here = memory_get(VALUES, sizeof *here);
    OWNED(memory_release) float *there = memory_get(VALUES, sizeof *there);
    memcpy(here, narrow, VALUES * sizeof *here);
    memcpy(there, narrow, VALUES * sizeof *there);
    for (int i = 0; i < 2; i++)
        assert_int_equal(device_scale(i ? device : NULL, ELEMENT_FLOAT32, i ? there : here, VALUES,
                                      &scalings[0], ELEMENT_FLOAT32, i ? there : here, NULL),
                         STATUS_OK);
    assert_int_equal(memcmp(here, there, VALUES * sizeof *here), 0);
    device_close(&device);
}

static const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225};

static void pictures_both(struct device *device, int64_t count, int64_t places)
{
    size_t values = (size_t)(count * places * 3);
    OWNED(memory_release) uint8_t *pixels = memory_get(values, 1);
    OWNED(memory_release) float *here = memory_get(values, sizeof *here);
    OWNED(memory_release) float *there = memory_get(values, sizeof *there);
    for (size_t i = 0; i < values; i++)
        pixels[i] = (uint8_t)(i * 2654435761u >> 13);
    assert_int_equal(device_pictures(NULL, pixels, count, places, mean, std, here, NULL),
                     STATUS_OK);
    assert_int_equal(device_pictures(device, pixels, count, places, mean, std, there, NULL),
                     STATUS_OK);
    assert_int_equal(memcmp(here, there, values * sizeof *here), 0);
    for (int64_t i = 0; i < 3 && i < places; i++) /* channel 1 of place i */
        assert_true(here[places + i] == (float)((pixels[3 * i + 1] / 255. - mean[1]) / std[1]));
}

/* Many small ones in a chunk, one a chunk, and one that takes three chunks. */
static void pictures_are_the_same(void **state)
{
    (void)state;
    struct device *device = open_device();
    pictures_both(device, 1, 1);
    pictures_both(device, 301, PLACES);
    pictures_both(device, 5, 1000 * 1000);
    pictures_both(device, 2, 1999 * 1301);
    device_close(&device);
}

static enum status scale_part(void *context, size_t index, struct err *err)
{
    float *ret = (float *)memory_get(70000, sizeof *ret);
    float *here = (float *)memory_get(70000, sizeof *here);
    const float *values = narrow + index * 70000;
    enum status status = device_scale(context, ELEMENT_FLOAT32, values, 70000, &scalings[1],
                                      ELEMENT_FLOAT32, ret, err);
    element_kernels()->scale(ELEMENT_FLOAT32, values, 70000, &scalings[1], ELEMENT_FLOAT32, here);
    if (status == STATUS_OK && memcmp(ret, here, 70000 * sizeof *ret) != 0)
        status = (fail)(err, STATUS_FAILED, "part %zu differs", index);
    memory_free(ret);
    memory_free(here);
    return status;
}

/* More threads than workers. The imitation itself is for one thread. */
static void threads_share_it(void **state)
{
    (void)state;
    struct device *device = open_device();
    struct err err = {0};
    if (parallel_for(module == &tamis_cuda ? 1 : 7, 50, device, scale_part, &err) != STATUS_OK)
        fail_msg("%s", err.message);
    device_close(&device);
}

/* ---- the module normalize on it ---- */

static void same_output(const char *words, const struct batch *input)
{
    struct device *device = open_device();
    struct trial here = {.words = words, .window_rows = 3};
    struct trial there = {.words = words, .window_rows = 3, .device = device};
    trial_run(&here, &module_normalize, input);
    trial_run(&there, &module_normalize, input);
    assert_int_equal(here.output.schema->count, there.output.schema->count);
    for (size_t i = 0; i < here.output.schema->count; i++)
        assert_true(array_equal(&here.output.schema->fields[i], here.output.columns[i],
                                there.output.columns[i]));
    assert_string_equal((const char *)here.saved.data, (const char *)there.saved.data);
    assert_int_equal(here.cells, there.cells);
    trial_close(&here);
    trial_close(&there);
    device_close(&device);
}

static void numbers_leave_the_same(void **state)
{
    (void)state;
    OWNED(batch_release)
    struct batch input =
        trial_input("i:int32|f:float32|d:float64|s:utf8",
                    "1|0.1|7|a\n2||-1e300|b\n|nan|0|c\n-4|3e-45||d\n9|1e38|5e-324|e\n");
    int64_t launches = imitation.launches;
    same_output("normalize", &input);
    same_output("normalize method=minmax low=-1 high=1 hold=true dtype=float32", &input);
    same_output("normalize method=robust dtype=float16", &input);
    same_output("normalize method=clip", &input);
    same_output("normalize method=log", &input);
    assert_true(module != &tamis_cuda || imitation.launches > launches + 30);
}

/* Three pictures, one of them cut off, and a null. */
static struct batch picture_rows(void)
{
    static uint8_t rgb[5 * 4 * 3];
    uint8_t room[1024];
    size_t size = sizeof room;
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = 5, .height = 4, .format = PNG_FORMAT_RGB};
    for (size_t i = 0; i < sizeof rgb; i++)
        rgb[i] = (uint8_t)(i * 37);
    assert_true(png_image_write_to_memory(&image, room, &size, 0, rgb, 0, NULL));
    OWNED(schema_unref) struct schema *schema = NULL;
    OWNED(batch_builder_close) struct batch_builder *builder = NULL;
    struct batch batch = {0};
    assert_int_equal(schema_new(&schema, NULL), STATUS_OK);
    assert_int_equal(schema_add_column(schema, "image", TYPE_BINARY, NULL), STATUS_OK);
    assert_int_equal(batch_builder_open(&builder, schema, 4, NULL), STATUS_OK);
    for (size_t i = 0; i < 4; i++) {
        struct str bytes = {(char *)room, i == 2 ? size / 2 : size};
        struct builder *column = batch_builder_column(builder, 0);
        assert_int_equal(i == 1 ? build_null(column, NULL) : build_text(column, bytes, NULL),
                         STATUS_OK);
    }
    assert_int_equal(batch_builder_finish(builder, &batch, NULL), STATUS_OK);
    return batch;
}

static void tensors_leave_the_same(void **state)
{
    (void)state;
    OWNED(batch_release) struct batch input = picture_rows();
    same_output("normalize pictures=image size=3,7 mean=0.4,0.5,0.6 std=0.2,0.3,0.4 on_fail=null",
                &input);
    same_output("normalize pictures=image size=3,7 fit=pad", &input);
    same_output("normalize pictures=image size=3,7 layout=hwc", &input);
}

/* ---- the imitation only ---- */

static enum status everything(struct device **device, void *ret, struct err *err)
{
    struct moments moments;
    uint8_t *pixels = ret;
    TRY(device_open_module(device, &tamis_cuda, 0, err));
    TRY(device_moments(*device, ELEMENT_FLOAT64, wide, 1100000, &moments, err));
    TRY(device_scale(*device, ELEMENT_FLOAT64, wide, 1100000, scalings, ELEMENT_FLOAT64, ret, err));
    return device_pictures(*device, pixels, 1, 1500000, mean, std, (float *)ret + 1200000, err);
}

/* Every call into the runtime fails once: an error that says so, nothing left open, and the next
 * attempt is whole. */
static void any_call_may_fail(void **state)
{
    (void)state;
    OWNED(memory_release) double *ret = memory_get(VALUES, sizeof *ret);
    enum status status = STATUS_FAILED;
    int64_t failures = 0;
    for (int64_t at = 1; status != STATUS_OK; at++) {
        struct device *device = NULL;
        struct err err = {0};
        imitation.calls = 0;
        imitation.fail_at = at;
        status = everything(&device, ret, &err);
        imitation.fail_at = 0;
        if (status != STATUS_OK) {
            assert_int_equal(status, STATUS_FAILED);
            assert_non_null(strstr(err.message, "imitated failure"));
            assert_non_null(strstr(err.hint, "--device"));
            failures++;
        }
        device_close(&device);
        assert_int_equal(imitation.open_memory, 0);
    }
    assert_true(failures > 40);
}

static void a_gpu_that_is_not_there(void **state)
{
    (void)state;
    struct device *device = NULL;
    struct err err = {0};
    assert_int_equal(device_open_module(&device, &tamis_cuda, 3, &err), STATUS_FAILED);
    assert_string_equal(err.message, "--device cuda: GPU 3 of 1, they count from 0");
    imitation.devices = 0;
    assert_int_equal(device_open_module(&device, &tamis_cuda, 0, &err), STATUS_FAILED);
    assert_string_equal(err.message, "--device cuda: CUDA: no GPU is there");
    imitation.devices = 1;
}

static void a_wish_is_understood(void **state)
{
    (void)state;
    struct device *device = NULL;
    char reason[DEVICE_TEXT];
    static const char *const wrong[] = {"",        "gpu",     "cuda:",   "cuda:x",
                                        "cuda:1x", "cuda:-1", "cuda:999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(device_open(&device, wrong[i], reason, NULL), STATUS_USAGE);
    assert_int_equal(device_open(&device, "cpu", reason, NULL), STATUS_OK);
    assert_null(device);
    assert_string_equal(device_name(NULL), "cpu");
}

static int run_on_gpu(const char *path)
{
    char message[DEVICE_TEXT];
    void *library = dlopen(path, RTLD_NOW);
    module = library == NULL ? NULL : dlsym(library, DEVICE_MODULE_SYMBOL);
    if (module == NULL || module->version != DEVICE_MODULE_VERSION) {
        fprintf(stderr, "%s: no module: %s\n", path, library == NULL ? dlerror() : "version");
        return 1;
    }
    if (module->count(message) == 0) {
        printf("skipped: %s\n", message);
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_the_same), cmocka_unit_test(scaled_values_are_the_same),
        cmocka_unit_test(in_place_is_the_same), cmocka_unit_test(pictures_are_the_same),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, make_values, free_values);
}

int main(int argc, char **argv)
{
    if (argc > 1) return run_on_gpu(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_the_same),    cmocka_unit_test(scaled_values_are_the_same),
        cmocka_unit_test(in_place_is_the_same),    cmocka_unit_test(pictures_are_the_same),
        cmocka_unit_test(threads_share_it),        cmocka_unit_test(numbers_leave_the_same),
        cmocka_unit_test(tensors_leave_the_same),  cmocka_unit_test(any_call_may_fail),
        cmocka_unit_test(a_gpu_that_is_not_there), cmocka_unit_test(a_wish_is_understood),
    };
    return cmocka_run_group_tests(tests, make_values, free_values);
}
