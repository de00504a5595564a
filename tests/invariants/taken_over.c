/* taken_over.c: preloaded in front of libpng and libjpeg, a decoder that pictures of certain widths
 * take over: 8 pixels wide, it writes the file $TAKEN_OVER_FILE; 128, it crashes. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <jpeglib.h>

#define EXPORTED __attribute__((visibility("default")))

static char file[4096];

/* The environment may be gone when it is needed. */
__attribute__((constructor)) static void remember(void)
{
    const char *name = getenv("TAKEN_OVER_FILE");
    snprintf(file, sizeof file, "%s", name == NULL ? "" : name);
}

static int sandboxed(void)
{
    return getenv("TAKEN_OVER_FILE") == NULL; /* workers have none */
}

static void act(unsigned width)
{
    if (width == 8) {
        int written = open(file, O_WRONLY | O_CREAT, 0600);
        if (written >= 0) close(written);
    } else if (width == 128 && sandboxed()) {
        char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *(volatile char *)page = 1;
    }
}

EXPORTED int jpeg_read_header(j_decompress_ptr jpeg, boolean image)
{
    int (*next)(j_decompress_ptr, boolean);
    void *found = dlsym(RTLD_NEXT, "jpeg_read_header");
    memcpy(&next, &found, sizeof next);
    int code = next(jpeg, image);
    act(jpeg->image_width);
    return code;
}
