/* clean/device.c: the processor, or a GPU behind the table of a loaded module. */
#include "clean/device.h"

#include "base/memory.h"
#include "base/str.h"
#include "clean/device_module.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODULE_FILE  "tamis_cuda.so"
#define WORKERS_MOST 4
#define INDEX_MOST   255
#define WINDOWS      64 /* of moments at a time */

/* A worker holds 40 MiB of pinned memory, so there are few, and threads wait for one. */
struct device {
    const struct device_module *module;
    int index;
    char name[DEVICE_TEXT];
    pthread_mutex_t lock;
    pthread_cond_t returned;
    void *idle[WORKERS_MOST];
    size_t idle_count, open_count;
};

/* ---- finding the module ---- */

/* The folder of the running program, without it where that is the installed one. */
static bool beside_program(char *ret, size_t room)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);
    if (size <= 0) return false;
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) return false;
    *slash = '\0';
    if (strcmp(path, TAMIS_BINDIR) == 0) return false;
    return snprintf(ret, room, "%s/" MODULE_FILE, path) < (int)room;
}

/* What runs inside the process must not be what somebody else can write. */
static bool is_ours(int file, char *ret_reason, const char *path)
{
    struct stat about;
    bool good = fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
                (about.st_uid == 0 || about.st_uid == geteuid()) && (about.st_mode & 022) == 0;
    if (!good)
        snprintf(ret_reason, DEVICE_TEXT, "\"%.180s\" is not loaded: others may write to it", path);
    return good;
}

static const struct device_module *load(const char *path, char *ret_reason)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        snprintf(ret_reason, DEVICE_TEXT, "\"%.180s\": %s", path, strerror(errno));
        return NULL;
    }
    const struct device_module *module = NULL;
    if (is_ours(file, ret_reason, path)) {
        char opened[64]; /* the very file that was looked at */
        snprintf(opened, sizeof opened, "/proc/self/fd/%d", file);
        void *library = dlopen(opened, RTLD_NOW | RTLD_LOCAL);
        module = library == NULL ? NULL : dlsym(library, DEVICE_MODULE_SYMBOL);
        if (module == NULL) snprintf(ret_reason, DEVICE_TEXT, "%.250s", dlerror());
    }
    close(file);
    if (module == NULL || module->version == DEVICE_MODULE_VERSION) return module;
    snprintf(ret_reason, DEVICE_TEXT, "\"%.180s\" is of another version of tamis", path);
    return NULL;
}

static const struct device_module *find_module(char *ret_reason)
{
    char beside[4096];
    if (beside_program(beside, sizeof beside) && access(beside, F_OK) == 0)
        return load(beside, ret_reason);
    if (access(TAMIS_CUDA_MODULE, F_OK) == 0) return load(TAMIS_CUDA_MODULE, ret_reason);
    snprintf(ret_reason, DEVICE_TEXT, "this installation has no CUDA module");
    return NULL;
}

/* ---- opening ---- */

/* "cuda" or "cuda:N". */
static bool parse_index(const char *wish, int *ret)
{
    *ret = 0;
    if (strncmp(wish, "cuda", 4) != 0) return false;
    if (wish[4] == '\0') return true;
    if (wish[4] != ':' || wish[5] < '0' || wish[5] > '9') return false;
    char *end;
    long index = strtol(wish + 5, &end, 10);
    *ret = (int)index;
    return *end == '\0' && index <= INDEX_MOST;
}

static enum status open_device(struct device **ret, const struct device_module *module, int index,
                               char *ret_reason, struct err *err)
{
    int count = module->count(ret_reason);
    if (count <= index) {
        if (count > 0)
            snprintf(ret_reason, DEVICE_TEXT, "GPU %d of %d, they count from 0", index, count);
        return STATUS_OK;
    }
    struct device *device;
    TRY(NEW(&device, 1, err));
    device->module = module;
    device->index = index;
    if (module->open(&device->idle[0], index, device->name, ret_reason) != 0) {
        memory_free(device);
        return STATUS_OK;
    }
    device->idle_count = device->open_count = 1;
    pthread_mutex_init(&device->lock, NULL);
    pthread_cond_init(&device->returned, NULL);
    ret_reason[0] = '\0';
    *ret = device;
    return STATUS_OK;
}

static enum status fail_no_gpu(const char *reason, struct err *err)
{
    fail(err, STATUS_FAILED, "--device cuda: %s", reason);
    err_hint(err, "--device auto uses the processor where there is no GPU; the module " MODULE_FILE
                  " comes from a build where nvcc is found (meson -Dcuda=enabled)");
    return STATUS_FAILED;
}

enum status device_open_module(struct device **ret, const struct device_module *module, int index,
                               struct err *err)
{
    char reason[DEVICE_TEXT] = "";
    *ret = NULL;
    TRY(open_device(ret, module, index, reason, err));
    return *ret == NULL ? fail_no_gpu(reason, err) : STATUS_OK;
}

enum status device_check(const char *wish, struct err *err)
{
    int index;
    char shown[64];
    if (strcmp(wish, "cpu") == 0 || strcmp(wish, "auto") == 0 || parse_index(wish, &index))
        return STATUS_OK;
    return fail(err, STATUS_USAGE, "--device \"%s\" where auto, cpu, cuda or cuda:N was expected",
                escape_for_terminal(str_of(wish), shown, sizeof shown));
}

enum status device_open(struct device **ret, const char *wish, char *ret_reason, struct err *err)
{
    int index = 0;
    *ret = NULL;
    ret_reason[0] = '\0';
    TRY(device_check(wish, err));
    if (strcmp(wish, "cpu") == 0) return STATUS_OK;
    bool must = parse_index(wish, &index);
    const struct device_module *module = find_module(ret_reason);
    if (module != NULL) TRY(open_device(ret, module, index, ret_reason, err));
    return *ret == NULL && must ? fail_no_gpu(ret_reason, err) : STATUS_OK;
}

const char *device_name(const struct device *device)
{
    return device == NULL ? "cpu" : device->name;
}

void device_close(struct device **device)
{
    struct device *d = *device;
    if (d == NULL) return;
    for (size_t i = 0; i < d->idle_count; i++)
        d->module->close(d->idle[i]);
    pthread_cond_destroy(&d->returned);
    pthread_mutex_destroy(&d->lock);
    memory_free(d);
    *device = NULL;
}

/* ---- workers ---- */

static enum status fail_on_device(const struct device *device, const char *message, struct err *err)
{
    fail(err, STATUS_FAILED, "%s: %s", device->name, message);
    err_hint(err, "--device cpu gives the same values");
    return STATUS_FAILED;
}

static enum status borrow(struct device *device, void **ret, struct err *err)
{
    char message[DEVICE_TEXT] = "", name[DEVICE_TEXT];
    pthread_mutex_lock(&device->lock);
    while (device->idle_count == 0 && device->open_count == WORKERS_MOST)
        pthread_cond_wait(&device->returned, &device->lock);
    bool fresh = device->idle_count == 0;
    if (!fresh) *ret = device->idle[--device->idle_count];
    if (fresh) device->open_count++;
    pthread_mutex_unlock(&device->lock);
    if (!fresh || device->module->open(ret, device->index, name, message) == 0) return STATUS_OK;
    pthread_mutex_lock(&device->lock);
    device->open_count--;
    pthread_cond_signal(&device->returned);
    pthread_mutex_unlock(&device->lock);
    return fail_on_device(device, message, err);
}

static void give_back(struct device *device, void *worker)
{
    pthread_mutex_lock(&device->lock);
    device->idle[device->idle_count++] = worker;
    pthread_cond_signal(&device->returned);
    pthread_mutex_unlock(&device->lock);
}

/* ---- work ---- */

static size_t width_of(enum element_type type)
{
    return type == ELEMENT_FLOAT32 ? sizeof(float) : sizeof(double);
}

static enum status gpu_moments(struct device *device, void *worker, enum element_type type,
                               const void *values, int64_t count, struct moments *ret,
                               struct err *err)
{
    double near[WINDOWS];
    struct lane lanes[WINDOWS];
    char message[DEVICE_TEXT] = "";
    int64_t windows = (count + MOMENT_WINDOW - 1) / MOMENT_WINDOW;
    for (int64_t i = 0; i < windows; i++) {
        int64_t first = i * MOMENT_WINDOW, left = count - first;
        near[i] = moments_near(type, (const char *)values + (size_t)first * width_of(type),
                               left < MOMENT_WINDOW ? left : MOMENT_WINDOW);
    }
    if (device->module->moments(worker, type == ELEMENT_FLOAT64, values, count, near, lanes,
                                message) != 0)
        return fail_on_device(device, message, err);
    for (int64_t i = 0; i < windows; i++) {
        struct moments window = moments_of_lane(&lanes[i], near[i]);
        moments_fold(ret, &window);
    }
    return STATUS_OK;
}

enum status device_moments(struct device *device, enum element_type type, const void *values,
                           int64_t count, struct moments *ret, struct err *err)
{
    if (device == NULL) {
        *ret =
            type == ELEMENT_FLOAT32 ? moments_of_floats(values, count) : moments_of(values, count);
        return STATUS_OK;
    }
    void *worker;
    *ret = (struct moments){.minimum = INFINITY, .maximum = -INFINITY};
    TRY(borrow(device, &worker, err));
    enum status status = STATUS_OK;
    const int64_t step = (int64_t)WINDOWS * MOMENT_WINDOW;
    for (int64_t i = 0; status == STATUS_OK && i < count; i += step)
        status =
            gpu_moments(device, worker, type, (const char *)values + (size_t)i * width_of(type),
                        count - i < step ? count - i : step, ret, err);
    give_back(device, worker);
    return status;
}

enum status device_scale(struct device *device, enum element_type from, const void *values,
                         int64_t count, const struct scaling *scaling, enum element_type to,
                         void *ret, struct err *err)
{
    if (device == NULL) {
        element_kernels()->scale(from, values, count, scaling, to, ret);
        return STATUS_OK;
    }
    void *worker;
    char message[DEVICE_TEXT] = "";
    TRY(borrow(device, &worker, err));
    int failed = device->module->scale(worker, from == ELEMENT_FLOAT64, values, count, scaling,
                                       to == ELEMENT_FLOAT64, ret, message);
    give_back(device, worker);
    return failed ? fail_on_device(device, message, err) : STATUS_OK;
}

static void pictures_here(const uint8_t *pixels, int64_t count, int64_t places,
                          const double mean[3], const double std[3], float *ret)
{
    float table[3][256];
    for (int channel = 0; channel < 3; channel++)
        for (int value = 0; value < 256; value++)
            table[channel][value] = element_pixel((uint8_t)value, mean[channel], std[channel]);
    for (int64_t picture = 0; picture < count; picture++)
        for (int64_t channel = 0; channel < 3; channel++) {
            const uint8_t *from = pixels + picture * 3 * places + channel;
            float *to = ret + (picture * 3 + channel) * places;
            for (int64_t place = 0; place < places; place++)
                to[place] = table[channel][from[3 * place]];
        }
}

enum status device_pictures(struct device *device, const uint8_t *pixels, int64_t count,
                            int64_t places, const double mean[3], const double std[3], float *ret,
                            struct err *err)
{
    if (device == NULL) {
        pictures_here(pixels, count, places, mean, std, ret);
        return STATUS_OK;
    }
    void *worker;
    char message[DEVICE_TEXT] = "";
    TRY(borrow(device, &worker, err));
    int failed = device->module->pictures(worker, pixels, count, places, mean, std, ret, message);
    give_back(device, worker);
    return failed ? fail_on_device(device, message, err) : STATUS_OK;
}
