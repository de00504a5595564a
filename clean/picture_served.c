/* clean/picture_served.c: pictures decoded in a worker. The worker fills the room with rows and
 * hands them over; the asker checks what it is told and feeds the sink. */
#include "clean/picture_served.h"

#include "base/memory.h"

#include <stdio.h>

struct question {
    struct picture_limits limits;
    bool header_only;
    uint32_t gray_side, least_width, least_height;
};
_Static_assert(sizeof(struct question) <= SANDBOX_QUESTION, "a question fits");

struct answer {
    bool begun; /* info is there */
    bool no_memory;
    struct picture_info info;
    uint64_t refused; /* bytes, where there was no memory */
    struct picture_fault fault;
};
_Static_assert(sizeof(struct answer) <= SANDBOX_ANSWER, "an answer fits");

static size_t row_bytes(const struct picture_info *info)
{
    return (size_t)info->width * (size_t)info->channels;
}

/* ---- the worker ---- */

static enum status desk_begin(void *context, const struct picture_info *info, struct err *err)
{
    struct sandbox_desk *desk = context;
    struct answer *answer = desk->answer;
    answer->info = *info;
    answer->begun = true;
    if (sandbox_grow(desk, row_bytes(info))) return STATUS_OK;
    answer = desk->answer;
    answer->no_memory = true;
    answer->refused = row_bytes(info);
    return fail(err, STATUS_MEMORY, "no room for a row");
}

static size_t desk_row_bytes(const struct sandbox_desk *desk)
{
    return row_bytes(&((const struct answer *)desk->answer)->info);
}

/* Rows are made where the asker reads them, as long as there is room. */
static uint8_t *desk_place(void *context)
{
    struct sandbox_desk *desk = context;
    bool fits = desk->used + desk_row_bytes(desk) <= desk->room_bytes;
    return fits ? desk->room + desk->used : NULL;
}

static enum status desk_row(void *context, uint32_t y, const uint8_t *pixels, struct err *err)
{
    struct sandbox_desk *desk = context;
    size_t bytes = desk_row_bytes(desk);
    (void)y;
    if (desk->used + bytes > desk->room_bytes && !sandbox_part(desk))
        return fail(err, STATUS_DOWNSTREAM, "nobody wants more rows");
    if (pixels != desk->room + desk->used) memcpy(desk->room + desk->used, pixels, bytes);
    desk->used += bytes;
    return STATUS_OK;
}

void picture_serve(struct sandbox_desk *desk)
{
    struct question question;
    memcpy(&question, desk->question, sizeof question);
    struct picture_sink sink = {desk,
                                desk_begin,
                                question.header_only ? NULL : desk_row,
                                question.gray_side,
                                question.least_width,
                                question.least_height,
                                desk_place};
    struct picture_fault fault = {{0}};
    enum status status = picture_decode_here(desk->input, &question.limits, &sink, &fault, NULL);
    struct answer *answer = desk->answer;
    if (status == STATUS_MEMORY && !answer->no_memory) answer->refused = question.limits.memory;
    answer->no_memory = status == STATUS_MEMORY;
    answer->fault = fault;
}

/* ---- the asker ---- */

struct asking {
    const struct picture_limits *limits;
    const struct picture_sink *sink;
    bool begun;
    struct picture_info info;
    uint32_t next; /* row */
};

static bool can_be(const struct asking *asking, const struct picture_info *info)
{
    bool sized = info->width > 0 && info->height > 0 && info->whole_width >= info->width &&
                 info->whole_height >= info->height;
    bool known = info->format == PICTURE_PNG || info->format == PICTURE_JPEG;
    return sized && known && (info->channels == 1 || info->channels == 3) && info->scale >= 1 &&
           info->scale <= 8 && (uint64_t)info->width * info->height <= asking->limits->pixels;
}

static enum status fail_rules(struct err *err)
{
    return fail(err, STATUS_FAILED, "a picture decoder does not keep to the rules");
}

static enum status take_part(struct asking *asking, const struct sandbox_said *said,
                             const struct answer *answer, struct err *err)
{
    const struct picture_sink *sink = asking->sink;
    if (!answer->begun) return said->used == 0 ? STATUS_OK : fail_rules(err);
    if (!asking->begun) {
        if (!can_be(asking, &answer->info)) return fail_rules(err);
        asking->info = answer->info;
        asking->begun = true;
        TRY(sink->begin(sink->context, &asking->info, err));
    }
    size_t bytes = row_bytes(&asking->info), rows = said->used / bytes;
    if (rows * bytes != said->used || rows > asking->info.height - asking->next)
        return fail_rules(err);
    if (rows > 0 && sink->row == NULL) return fail_rules(err);
    for (size_t i = 0; i < rows; i++)
        TRY(sink->row(sink->context, asking->next++, said->room + i * bytes, err));
    return STATUS_OK;
}

/* The last part: how it ended. */
static enum status conclude(const struct asking *asking, const struct answer *answer,
                            struct picture_fault *ret_fault, struct err *err)
{
    if (answer->no_memory) return fail_memory(err, answer->refused);
    *ret_fault = answer->fault;
    ret_fault->reason[sizeof ret_fault->reason - 1] = '\0';
    bool whole =
        asking->begun && (asking->sink->row == NULL || asking->next == asking->info.height);
    return whole || ret_fault->reason[0] != '\0' ? STATUS_OK : fail_rules(err);
}

static enum status hear(struct sandbox_talk *talk, struct asking *asking,
                        struct picture_fault *ret_fault, struct err *err)
{
    struct sandbox_said said;
    struct answer answer;
    do {
        TRY(sandbox_hear(talk, &said, err));
        if (said.killed) {
            snprintf(ret_fault->reason, sizeof ret_fault->reason, "%s", said.reason);
            return STATUS_OK;
        }
        memcpy(&answer, said.answer, sizeof answer);
        TRY(take_part(asking, &said, &answer, err));
    } while (!said.last);
    return conclude(asking, &answer, ret_fault, err);
}

enum status picture_decode_served(struct str bytes, const struct picture_limits *limits,
                                  const struct picture_sink *sink, struct picture_fault *ret_fault,
                                  struct err *err)
{
    OWNED(sandbox_end) struct sandbox_talk *talk = NULL;
    struct question question = {.limits = *limits,
                                .header_only = sink->row == NULL,
                                .gray_side = sink->gray_side,
                                .least_width = sink->least_width,
                                .least_height = sink->least_height};
    struct asking asking = {.limits = limits, .sink = sink};
    ret_fault->reason[0] = '\0';
    TRY(sandbox_ask(&question, sizeof question, bytes, 3 * limits->pixels, &talk, err));
    return hear(talk, &asking, ret_fault, err);
}
