/* clean/picture_jpeg.c: JPEG rows through libjpeg-turbo.
 *
 * libjpeg only warns about truncated and corrupt data and then invents the rest; here a warning is
 * a fault. max_memory_to_use bounds what a progressive picture may hold (a 103-byte file costs 2
 * GiB otherwise) and the monitor counts its scans. */
#include "base/memory.h"
#include "clean/picture.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>
/* behind it */
#include <jerror.h>

struct jpeg_job {
    struct jpeg_error_mgr errors; /* libjpeg hands back pointers to its own parts */
    struct jpeg_progress_mgr monitor;
    struct jpeg_decompress_struct jpeg;
    jmp_buf escape;
    int scans;
    bool refused; /* there was no memory: no fault of the picture */
    struct picture_fault *fault;
    struct picture_info about;
    uint8_t *row;
};

/* ---- what libjpeg calls ---- */

static struct jpeg_job *job_of(j_common_ptr jpeg)
{
    return jpeg->client_data;
}

/* Of its places 0, 2 and 4 are those where malloc gave nothing (jmemmgr.c); the others are sizes
 * that no picture may ask for. */
static bool ran_out(const struct jpeg_error_mgr *errors)
{
    int place = errors->msg_parm.i[0];

    return errors->msg_code == JERR_OUT_OF_MEMORY && (place == 0 || place == 2 || place == 4);
}

_Noreturn static void on_fault(j_common_ptr jpeg)
{
    struct jpeg_job *job = job_of(jpeg);
    char message[JMSG_LENGTH_MAX];
    job->refused = ran_out(jpeg->err);
    jpeg->err->format_message(jpeg, message);
    snprintf(job->fault->reason, sizeof job->fault->reason, "jpeg: %.140s", message);
    longjmp(job->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0) on_fault(jpeg);
}

static void on_progress(j_common_ptr jpeg)
{
    struct jpeg_job *job = job_of(jpeg);
    if (job->jpeg.input_scan_number <= job->scans) return;
    snprintf(job->fault->reason, sizeof job->fault->reason, "jpeg: more than %d scans", job->scans);
    longjmp(job->escape, 1);
}

/* ---- calls into libjpeg; false = a fault was noted ---- */

static bool jpeg_begin(struct jpeg_job *job, struct str bytes, uint64_t memory)
{
    if (setjmp(job->escape) != 0) return false;
    job->jpeg.err = jpeg_std_error(&job->errors);
    job->errors.error_exit = on_fault;
    job->errors.emit_message = on_message;
    job->jpeg.client_data = job;
    jpeg_create_decompress(&job->jpeg);
    job->monitor.progress_monitor = on_progress;
    job->jpeg.progress = &job->monitor;
    job->jpeg.mem->max_memory_to_use = (long)memory;
    jpeg_mem_src(&job->jpeg, (const unsigned char *)bytes.data, bytes.size);
    jpeg_read_header(&job->jpeg, TRUE);
    job->about.format = PICTURE_JPEG;
    job->about.width = job->jpeg.image_width;
    job->about.height = job->jpeg.image_height;
    job->about.whole_width = job->about.width;
    job->about.whole_height = job->about.height;
    job->about.scale = 1;
    return true;
}

/* Luma alone, scaled by the transform itself: most of the work of decoding is saved. */
static void ask_for_gray(struct jpeg_job *job, uint32_t side)
{
    uint32_t shorter = job->about.width < job->about.height ? job->about.width : job->about.height;
    unsigned scale = 8;
    while (scale > 1 && shorter / scale < side)
        scale /= 2;
    job->jpeg.out_color_space = JCS_GRAYSCALE;
    job->jpeg.scale_num = 1;
    job->jpeg.scale_denom = scale;
    job->about.channels = 1;
}

/* The transform makes blocks of 4 or 2 pixels instead of 8: nearly the means of the whole ones. */
static void ask_for_less(struct jpeg_job *job, uint32_t width, uint32_t height)
{
    unsigned scale = 4;
    while (scale > 1 && (job->about.width / scale < width || job->about.height / scale < height))
        scale /= 2;
    job->jpeg.scale_num = 1;
    job->jpeg.scale_denom = scale;
}

static bool jpeg_start(struct jpeg_job *job, const struct picture_sink *sink)
{
    if (setjmp(job->escape) != 0) return false;
    bool inks = job->jpeg.jpeg_color_space == JCS_CMYK || job->jpeg.jpeg_color_space == JCS_YCCK;
    bool gray = job->jpeg.num_components == 1;
    job->jpeg.out_color_space = inks ? JCS_CMYK : gray ? JCS_GRAYSCALE : JCS_RGB;
    job->jpeg.dct_method = JDCT_ISLOW;
    job->about.channels = gray ? 1 : 3;
    if (sink->gray_side > 0 && (gray || job->jpeg.jpeg_color_space == JCS_YCbCr))
        ask_for_gray(job, sink->gray_side);
    else if (sink->least_width > 0 && sink->least_height > 0)
        ask_for_less(job, sink->least_width, sink->least_height);
    if (!jpeg_start_decompress(&job->jpeg)) return false;
    job->about.width = job->jpeg.output_width;
    job->about.height = job->jpeg.output_height;
    job->about.scale = job->jpeg.scale_denom / job->jpeg.scale_num;
    return true;
}

static bool jpeg_next_row(struct jpeg_job *job, uint8_t *row)
{
    if (setjmp(job->escape) != 0) return false;
    JSAMPROW rows[1] = {row};
    if (jpeg_read_scanlines(&job->jpeg, rows, 1) == 1) return true;
    snprintf(job->fault->reason, sizeof job->fault->reason, "jpeg: the file ends too early");
    return false;
}

static bool jpeg_finish(struct jpeg_job *job)
{
    if (setjmp(job->escape) != 0) return false;
    return jpeg_finish_decompress(&job->jpeg);
}

/* ---- glue ---- */

/* Adobe's inks are stored inverted: 255 = none. In place, four bytes to three. */
static void inks_to_rgb(uint8_t *row, uint32_t width)
{
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *ink = row + 4 * (size_t)x;
        unsigned key = ink[3];
        uint8_t rgb[3];
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(ink[c] * key / 255);
        memcpy(row + 3 * (size_t)x, rgb, 3);
    }
}

static bool within_limits(struct jpeg_job *job, const struct picture_limits *limits)
{
    uint64_t pixels = (uint64_t)job->about.width * job->about.height;
    if (pixels <= limits->pixels) return true;
    snprintf(job->fault->reason, sizeof job->fault->reason,
             "%u x %u pixels, more than the limit of %llu", job->about.width, job->about.height,
             (unsigned long long)limits->pixels);
    return false;
}

static enum status decode(struct jpeg_job *job, struct str bytes,
                          const struct picture_limits *limits, const struct picture_sink *sink,
                          struct err *err)
{
    if (!jpeg_begin(job, bytes, limits->memory)) return STATUS_OK;
    if (!within_limits(job, limits) || !jpeg_start(job, sink)) return STATUS_OK;
    bool inks = job->jpeg.out_color_space == JCS_CMYK;
    job->row = memory_get(job->about.width, 4);
    if (job->row == NULL) return fail_memory(err, (size_t)job->about.width * 4);
    TRY(sink->begin(sink->context, &job->about, err));
    if (sink->row == NULL) return STATUS_OK;
    for (uint32_t y = 0; y < job->about.height; y++) {
        uint8_t *place = inks || sink->place == NULL ? NULL : sink->place(sink->context);
        uint8_t *row = place == NULL ? job->row : place;
        if (!jpeg_next_row(job, row)) return STATUS_OK;
        if (inks) inks_to_rgb(row, job->about.width);
        TRY(sink->row(sink->context, y, row, err));
    }
    if (!jpeg_finish(job)) return STATUS_OK;
    return STATUS_OK;
}

enum status picture_decode_jpeg(struct str bytes, const struct picture_limits *limits,
                                const struct picture_sink *sink, struct picture_fault *ret_fault,
                                struct err *err)
{
    struct jpeg_job job = {.scans = limits->scans, .fault = ret_fault};
    ret_fault->reason[0] = '\0';
    enum status status = decode(&job, bytes, limits, sink, err);
    if (status == STATUS_OK && job.refused) status = fail_memory(err, 0);
    memory_release(&job.row);
    jpeg_destroy_decompress(&job.jpeg);
    return status;
}
