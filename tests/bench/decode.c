/* tests/bench/decode.c: libjpeg-turbo alone: every JPEG of a folder to rows of RGB that nobody
 * keeps.
 *
 *   decode FOLDER [THREADS]
 *
 * What any work on these pictures costs at least. Prints how many there were. */
#include "base/parallel.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jpeglib.h>

struct folder {
    const char *path;
    struct dirent **names;
};

static void decode(unsigned char *bytes, size_t size)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, bytes, size);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_RGB;
    jpeg_start_decompress(&jpeg);
    unsigned char *row = malloc((size_t)jpeg.output_width * 3);
    while (row != NULL && jpeg.output_scanline < jpeg.output_height)
        jpeg_read_scanlines(&jpeg, &row, 1);
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    free(row);
}

static enum status one(void *context, size_t index, struct err *err)
{
    (void)err;
    const struct folder *folder = context;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder->path, folder->names[index]->d_name);
    FILE *file = fopen(path, "rbe");
    struct stat about;
    if (file == NULL || fstat(fileno(file), &about) != 0) return STATUS_FAILED;
    unsigned char *bytes = malloc((size_t)about.st_size);
    size_t got = bytes == NULL ? 0 : fread(bytes, 1, (size_t)about.st_size, file);
    fclose(file);
    if (got > 0) decode(bytes, got);
    free(bytes);
    return STATUS_OK;
}

static int is_jpeg(const struct dirent *entry)
{
    return strstr(entry->d_name, ".jpg") != NULL;
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    struct folder folder = {.path = argv[1]};
    int count = scandir(folder.path, &folder.names, is_jpeg, alphasort);
    size_t threads = parallel_threads(argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 0);
    if (count < 0 || parallel_for(threads, (size_t)count, &folder, one, NULL) != STATUS_OK)
        return 1;
    printf("%d\n", count);
    return 0;
}
