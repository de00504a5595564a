/* clean/picture_png.c: PNG rows through libpng.
 *
 * libpng leaves by longjmp, so each call into it sits in a small function whose locals are not used
 * afterwards. Ancillary chunks are skipped unread: at libpng's defaults a 57-byte file costs 1 GiB.
 */
#include "base/memory.h"
#include "clean/picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>

struct png_job {
    struct str bytes;
    size_t position;
    size_t row_end; /* where reading for one row must have ended; 0 = not in a row */
    size_t budget;  /* bytes libpng may still take */
    size_t refused; /* bytes of a request that --memory did not give: no fault of the picture */
    png_structp png;
    png_infop info;
    jmp_buf escape;
    struct picture_fault *fault;
    struct picture_info about;
    int passes;
    size_t row_bytes;
    uint8_t *rows; /* one row, or the whole picture when interlaced */
};

/* ---- memory: each block carries its size in front ---- */

#define BLOCK_HEADER 64 /* keeps the block aligned */
#define ROW_AHEAD    ((size_t)64 << 10)

static png_voidp take_memory(png_structp png, png_alloc_size_t size)
{
    struct png_job *job = png_get_mem_ptr(png);
    if (size > job->budget) return NULL;
    uint8_t *block = memory_get_raw(1, size + BLOCK_HEADER);
    if (block == NULL) job->refused = size;
    if (block == NULL) return NULL;
    size_t taken = size;
    memcpy(block, &taken, sizeof taken);
    job->budget -= size;
    return block + BLOCK_HEADER;
}

static void return_memory(png_structp png, png_voidp pointer)
{
    if (pointer == NULL) return;
    struct png_job *job = png_get_mem_ptr(png);
    uint8_t *block = (uint8_t *)pointer - BLOCK_HEADER;
    size_t taken;
    memcpy(&taken, block, sizeof taken);
    job->budget += taken;
    memory_free(block);
}

/* ---- what libpng calls ---- */

_Noreturn static void on_fault(png_structp png, png_const_charp message)
{
    struct png_job *job = png_get_error_ptr(png);
    snprintf(job->fault->reason, sizeof job->fault->reason, "png: %s", message);
    longjmp(job->escape, 1);
}

static void read_memory(png_structp png, png_bytep ret, size_t size)
{
    struct png_job *job = png_get_io_ptr(png);
    if (size > job->bytes.size - job->position) png_error(png, "the file ends too early");
    memcpy(ret, job->bytes.data + job->position, size);
    job->position += size;
    if (job->row_end != 0 && job->position > job->row_end)
        png_error(png, "more packed data than the rows need");
}

/* ---- calls into libpng; false = a fault was noted ---- */

static bool png_start(struct png_job *job)
{
    if (setjmp(job->escape) != 0) return false;
    job->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, job, on_fault, on_fault, job,
                                        take_memory, return_memory);
    if (job->png == NULL) return false;
    png_set_keep_unknown_chunks(job->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_user_limits(job->png, 0x7fffffff, 0x7fffffff);
    png_set_read_fn(job->png, job, read_memory);
    job->info = png_create_info_struct(job->png);
    return job->info != NULL;
}

static bool png_header(struct png_job *job)
{
    if (setjmp(job->escape) != 0) return false;
    png_read_info(job->png, job->info);
    job->about.format = PICTURE_PNG;
    job->about.width = png_get_image_width(job->png, job->info);
    job->about.height = png_get_image_height(job->png, job->info);
    job->about.whole_width = job->about.width;
    job->about.whole_height = job->about.height;
    job->about.scale = 1;
    return true;
}

/* Every PNG becomes 8-bit gray or RGB. */
static bool png_transforms(struct png_job *job)
{
    if (setjmp(job->escape) != 0) return false;
    png_set_expand(job->png);
    png_set_scale_16(job->png);
    png_set_strip_alpha(job->png);
    job->passes = png_set_interlace_handling(job->png);
    png_read_update_info(job->png, job->info);
    job->about.channels = png_get_channels(job->png, job->info);
    job->row_bytes = png_get_rowbytes(job->png, job->info);
    return true;
}

/* Behind the last row libpng unpacks all that is left: 1 MB of it are 1 GiB. No row needs more
 * packed bytes than its own, eight a pixel at most, and what libpng reads ahead. */
static bool png_next_row(struct png_job *job, uint8_t *row)
{
    if (setjmp(job->escape) != 0) return false;
    job->row_end = job->position + (size_t)job->about.width * 9 + ROW_AHEAD;
    png_read_row(job->png, row, NULL);
    job->row_end = 0;
    return true;
}

static bool png_finish(struct png_job *job)
{
    if (setjmp(job->escape) != 0) return false;
    png_read_end(job->png, NULL);
    return true;
}

static void job_release(struct png_job *job)
{
    memory_release(&job->rows);
    if (job->png != NULL) png_destroy_read_struct(&job->png, &job->info, NULL);
}

/* ---- glue ---- */

static bool within_limits(struct png_job *job, const struct picture_limits *limits)
{
    uint64_t pixels = (uint64_t)job->about.width * job->about.height;
    bool interlaced = png_get_interlace_type(job->png, job->info) != PNG_INTERLACE_NONE;
    if (pixels <= limits->pixels / (interlaced ? 7 : 1)) return true;
    snprintf(job->fault->reason, sizeof job->fault->reason,
             "%u x %u pixels%s, more than the limit of %llu", job->about.width, job->about.height,
             interlaced ? " in seven passes" : "", (unsigned long long)limits->pixels);
    return false;
}

static enum status plain_rows(struct png_job *job, const struct picture_sink *sink, struct err *err)
{
    for (uint32_t y = 0; y < job->about.height; y++) {
        uint8_t *place = sink->place == NULL ? NULL : sink->place(sink->context);
        uint8_t *row = place == NULL ? job->rows : place;
        if (!png_next_row(job, row)) return STATUS_OK;
        TRY(sink->row(sink->context, y, row, err));
    }
    return STATUS_OK;
}

static enum status interlaced_rows(struct png_job *job, const struct picture_sink *sink,
                                   struct err *err)
{
    for (int pass = 0; pass < job->passes; pass++)
        for (uint32_t y = 0; y < job->about.height; y++)
            if (!png_next_row(job, job->rows + y * job->row_bytes)) return STATUS_OK;
    for (uint32_t y = 0; y < job->about.height; y++)
        TRY(sink->row(sink->context, y, job->rows + y * job->row_bytes, err));
    return STATUS_OK;
}

static enum status decode(struct png_job *job, const struct picture_limits *limits,
                          const struct picture_sink *sink, struct err *err)
{
    if (!png_start(job) || !png_header(job)) return STATUS_OK;
    if (!within_limits(job, limits) || !png_transforms(job)) return STATUS_OK;
    size_t rows = job->passes > 1 ? job->about.height : 1;
    job->rows = memory_get(rows, job->row_bytes);
    if (job->rows == NULL) return fail_memory(err, rows * job->row_bytes);
    TRY(sink->begin(sink->context, &job->about, err));
    if (sink->row == NULL) return STATUS_OK;
    TRY(job->passes > 1 ? interlaced_rows(job, sink, err) : plain_rows(job, sink, err));
    if (job->fault->reason[0] == '\0' && !png_finish(job)) return STATUS_OK;
    return STATUS_OK;
}

enum status picture_decode_png(struct str bytes, const struct picture_limits *limits,
                               const struct picture_sink *sink, struct picture_fault *ret_fault,
                               struct err *err)
{
    struct png_job job = {.bytes = bytes, .budget = limits->memory, .fault = ret_fault};
    ret_fault->reason[0] = '\0';
    enum status status = decode(&job, limits, sink, err);
    if (status == STATUS_OK &&
        (job.refused > 0 || (job.info == NULL && ret_fault->reason[0] == '\0')))
        status = fail_memory(err, job.refused);
    job_release(&job);
    return status;
}
