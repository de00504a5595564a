/* ingest/unpack.c: compressed bytes as an input of plain ones. */
#include "ingest/unpack_parts.h"

#include "base/command.h"
#include "base/memory.h"

#include <string.h>
#include <strings.h>

#define PACKED_BYTES (256u << 10)

/* ---- which one ---- */

static const struct packing *const packings[] = {
    &packing_gzip, &packing_zstd, &packing_zstd_skippable, &packing_xz, &packing_bzip2,
};

const struct packing *packing_of(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < sizeof packings / sizeof *packings; i++)
        if (size >= packings[i]->magic_size &&
            memcmp(head, packings[i]->magic, packings[i]->magic_size) == 0)
            return packings[i];
    return NULL;
}

const char *packing_name(const struct packing *packing)
{
    return packing->name;
}

size_t packing_plain_name(const struct packing *packing, const char *name)
{
    const char *const ends[] = {packing->suffix, packing->tar_suffix};
    size_t size = strlen(name);
    for (size_t i = 0; i < 2; i++) {
        size_t end = strlen(ends[i]);
        if (size > end && strcasecmp(name + size - end, ends[i]) == 0) return size - end;
    }
    return size;
}

/* ---- limits ---- */

enum status unpack_check(const struct unpack_limits *limits, uint64_t plain, uint64_t packed,
                         struct err *err)
{
    if (limits->bytes > 0 && plain > limits->bytes) {
        (void)fail(err, STATUS_FAILED, "found more than %llu bytes",
                   (unsigned long long)limits->bytes);
        err_hint(err, "allow more with --max-bytes");
        return STATUS_FAILED;
    }
    if (plain <= RATIO_FREE_BYTES || (double)plain <= limits->ratio * (double)packed)
        return STATUS_OK;
    (void)fail(err, STATUS_FAILED,
               "found more than %g bytes out of a packed byte (%llu out of %llu)", limits->ratio,
               (unsigned long long)plain, (unsigned long long)packed);
    err_hint(err, "it may be a bomb; allow more with --max-ratio");
    return STATUS_FAILED;
}

/* ---- the stream ---- */

struct unpacker {
    const struct packing *packing;
    struct unpack_limits limits;
    struct input *packed;
    void *state;
    uint8_t *buffer;
    struct unpack_flow flow;
    uint64_t plain; /* bytes handed out */
    bool between;   /* a member ended and no byte of a next one was seen */
};

static void unpacker_close(void *untyped)
{
    struct unpacker *unpacker = untyped;
    if (unpacker->state != NULL) unpacker->packing->finish(unpacker->state);
    input_close(&unpacker->packed);
    memory_free(unpacker->buffer);
    memory_free(unpacker);
}

/* The rest of the buffer and what comes behind it. */
static enum status refill(struct unpacker *unpacker, struct err *err)
{
    struct unpack_flow *flow = &unpacker->flow;
    size_t got = 0;
    TRY(interrupted(err));
    if (flow->in_size > 0) memmove(unpacker->buffer, flow->in, flow->in_size);
    flow->in = unpacker->buffer;
    TRY(input_read(unpacker->packed, unpacker->buffer + flow->in_size, PACKED_BYTES - flow->in_size,
                   &got, err));
    flow->in_size += got;
    flow->in_last = got == 0;
    return STATUS_OK;
}

/* Between two members: zeros are padding (of tapes), anything but another member is no part of the
 * file. *ret_end when nothing follows. */
static enum status next_member(struct unpacker *unpacker, bool *ret_end, struct err *err)
{
    struct unpack_flow *flow = &unpacker->flow;
    while (flow->in_size > 0 && flow->in[0] == 0) {
        flow->in++;
        flow->in_size--;
    }
    *ret_end = flow->in_size == 0 && flow->in_last;
    if (flow->in_size < PACKING_HEAD && !flow->in_last) return STATUS_OK;
    const struct packing *next = packing_of(flow->in, flow->in_size);
    if (*ret_end || (next != NULL && next->step == unpacker->packing->step)) {
        unpacker->between = false;
        return STATUS_OK;
    }
    return fail(err, STATUS_FAILED, "found %s behind the end of the %s data at byte %llu",
                next == NULL ? "other bytes" : next->name, unpacker->packing->name,
                (unsigned long long)(input_position(unpacker->packed) - flow->in_size));
}

static enum status fail_cut_off(const struct unpacker *unpacker, struct err *err)
{
    return fail(err, STATUS_FAILED, "the %s data end in the middle at byte %llu: they were cut off",
                unpacker->packing->name, (unsigned long long)input_position(unpacker->packed));
}

/* Until there is a plain byte, or the end. */
static enum status unpack_some(struct unpacker *unpacker, bool *ret_end, struct err *err)
{
    struct unpack_flow *flow = &unpacker->flow;
    size_t room = flow->out_size;
    *ret_end = false;
    while (flow->out_size == room && !*ret_end) {
        if (flow->in_size == 0 && !flow->in_last) TRY(refill(unpacker, err));
        if (unpacker->between) {
            if (flow->in_size < PACKING_HEAD && !flow->in_last) TRY(refill(unpacker, err));
            TRY(next_member(unpacker, ret_end, err));
            if (*ret_end) unpacker->between = true; /* for whoever asks again */
            continue;
        }
        size_t before = flow->in_size;
        TRY(unpacker->packing->step(unpacker->state, flow, &unpacker->between, err));
        bool stuck = flow->out_size == room && flow->in_size == before && !unpacker->between;
        if (stuck && flow->in_last) return fail_cut_off(unpacker, err);
        if (stuck) TRY(refill(unpacker, err));
    }
    return STATUS_OK;
}

/* The whole packed size counts where it is known, so that what is dense at its end is no bomb. */
static enum status check_limits(const struct unpacker *unpacker, struct err *err)
{
    int64_t size = input_size(unpacker->packed);
    uint64_t packed = size >= 0 ? (uint64_t)size : input_position(unpacker->packed);
    return unpack_check(&unpacker->limits, unpacker->plain, packed, err);
}

static enum status unpacker_read(void *context, void *ret, size_t room, size_t *ret_size,
                                 struct err *err)
{
    struct unpacker *unpacker = context;
    bool end = false;
    *ret_size = 0;
    if (room == 0) return STATUS_OK;
    unpacker->flow.out = ret;
    unpacker->flow.out_size = room;
    TRY(unpack_some(unpacker, &end, err));
    *ret_size = room - unpacker->flow.out_size;
    unpacker->plain += *ret_size;
    return check_limits(unpacker, err);
}

static enum status unpacker_open(struct unpacker **ret, struct input **packed,
                                 const struct packing *packing, const struct unpack_limits *limits,
                                 struct err *err)
{
    TRY(NEW(ret, 1, err));
    (*ret)->packing = packing;
    (*ret)->limits = *limits;
    (*ret)->packed = *packed;
    *packed = NULL;
    (*ret)->buffer = memory_get_raw(PACKED_BYTES, 1);
    if ((*ret)->buffer == NULL) return fail_memory(err, PACKED_BYTES);
    (*ret)->state = packing->begin();
    return (*ret)->state == NULL ? fail_memory(err, 0) : STATUS_OK;
}

enum status input_unpack(struct input **ret, struct input **packed, const struct packing *packing,
                         const struct unpack_limits *limits, struct err *err)
{
    static const struct input_stream stream = {unpacker_read, unpacker_close};
    struct unpacker *unpacker = NULL;
    enum status status = unpacker_open(&unpacker, packed, packing, limits, err);
    if (status != STATUS_OK) {
        if (unpacker != NULL) unpacker_close(unpacker);
        input_close(packed);
        return status;
    }
    return input_from_stream(ret, &stream, unpacker, input_name(unpacker->packed), err);
}
