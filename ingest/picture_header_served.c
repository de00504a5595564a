/* ingest/picture_header_served.c: headers of pictures read in a worker (base/sandbox.h). */
#include "ingest/picture_header.h"

#include <stdio.h>

_Static_assert(sizeof(struct picture_header) <= SANDBOX_ANSWER, "an answer fits");

/* Nearly every header is in the first bytes of its file; the others are asked for once more. */
#define FIRST_LOOK ((size_t)16 << 10)

void picture_header_serve(struct sandbox_desk *desk)
{
    struct picture_header header;
    picture_header_read(desk->input, &header);
    memcpy(desk->answer, &header, sizeof header);
}

static enum status check(struct str bytes, struct picture_header *header, struct err *err)
{
    header->fault[sizeof header->fault - 1] = '\0';
    bool passes = header->passes == 1 || header->passes == 7;
    if (header->kind == picture_signature(bytes) && passes) return STATUS_OK;
    return fail(err, STATUS_FAILED, "a picture decoder does not keep to the rules");
}

static enum status ask(struct str bytes, struct picture_header *ret, struct err *err)
{
    OWNED(sandbox_end) struct sandbox_talk *talk = NULL;
    struct sandbox_said said;
    TRY(sandbox_ask("", 0, bytes, 0, &talk, err));
    TRY(sandbox_hear(talk, &said, err));
    if (said.killed) {
        *ret = (struct picture_header){.kind = picture_signature(bytes), .passes = 1};
        snprintf(ret->fault, sizeof ret->fault, "%s", said.reason);
        return STATUS_OK;
    }
    memcpy(ret, said.answer, sizeof *ret);
    return check(bytes, ret, err);
}

enum status picture_header_ask(struct str bytes, struct picture_header *ret, struct err *err)
{
    if (!sandbox_is_open() || picture_signature(bytes) == PICTURE_NONE) {
        picture_header_read(bytes, ret);
        return STATUS_OK;
    }
    struct str first = {bytes.data, bytes.size < FIRST_LOOK ? bytes.size : FIRST_LOOK};
    TRY(ask(first, ret, err));
    return ret->fault[0] == '\0' || first.size == bytes.size ? STATUS_OK : ask(bytes, ret, err);
}
