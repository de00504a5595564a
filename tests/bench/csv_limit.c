/* tests/bench/csv_limit.c: what splitting, converting and compressing a CSV costs at least.
 *
 *   csv_limit FILE [THREADS [zstd|none]]
 *
 * Places of separators from quote parity (compare, carry-less multiply), columns converted one at
 * a time to int64, double, microseconds or text with validity bits, each buffer of about 65,536
 * rows through the zstd library at level 1 - and thrown away. Nothing is checked: types are those
 * of the first record, line ends are LF, no number is longer than 18 digits. A bound, not a
 * program. Prints rows and compressed bytes. On processors without AVX2 it ends with 77. */
#include "base/parallel.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#ifdef __x86_64__
#include <immintrin.h>

#define AVX2         __attribute__((target("avx2,pclmul,popcnt,bmi")))
#define CHUNK        ((size_t)8 << 20)
#define SLACK        ((size_t)4 << 20) /* the longest record that may begin in a chunk */
#define COLUMNS_MOST 256
#define GROUP        65536

enum kind { INTEGER, REAL, TIME, TEXT };

struct table {
    const uint8_t *bytes, *records; /* the file; its first record */
    size_t size, chunks, columns;
    bool compress;
    enum kind kinds[COLUMNS_MOST];
    uint64_t *quotes; /* before each chunk */
    uint64_t *rows, *packed;
    int64_t *sums; /* so that nothing is left out as unused */
};

/* What a thread needs, made once. */
struct scratch {
    uint32_t *places;
    int64_t *values;
    uint8_t *text, *valid, *packed;
    size_t packed_size;
    ZSTD_CCtx *zstd;
};
static __thread struct scratch scratch;

static void open_scratch(void)
{
    if (scratch.zstd != NULL) return;
    scratch.places = malloc((CHUNK + SLACK) * sizeof *scratch.places);
    scratch.values = malloc((CHUNK / 2 + 64) * sizeof *scratch.values);
    scratch.text = malloc(CHUNK + SLACK);
    scratch.valid = malloc(CHUNK / 8);
    scratch.packed_size = ZSTD_compressBound(CHUNK + SLACK);
    scratch.packed = malloc(scratch.packed_size);
    scratch.zstd = ZSTD_createCCtx();
}

/* ---- the index ---- */

AVX2 static inline uint64_t equal(__m256i low, __m256i high, __m256i byte)
{
    uint32_t first = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, byte));
    uint32_t second = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, byte));
    return first | (uint64_t)second << 32;
}

AVX2 static uint64_t count_quotes(const uint8_t *bytes, size_t size)
{
    const __m256i quote = _mm256_set1_epi8('"');
    uint64_t count = 0;
    size_t i = 0;
    for (; i + 64 <= size; i += 64)
        count += (uint64_t)__builtin_popcountll(
            equal(_mm256_loadu_si256((const void *)(bytes + i)),
                  _mm256_loadu_si256((const void *)(bytes + i + 32)), quote));
    for (; i < size; i++)
        count += bytes[i] == '"';
    return count;
}

/* Offsets of commas and line ends outside quotes; up to three more places are written than told. */
AVX2 static size_t index_separators(const uint8_t *bytes, size_t size, uint32_t *places)
{
    const __m256i quote = _mm256_set1_epi8('"'), comma = _mm256_set1_epi8(','),
                  line = _mm256_set1_epi8('\n');
    uint64_t inside = 0;
    size_t found = 0;
    uint8_t tail[64];
    for (size_t i = 0; i < size; i += 64) {
        const uint8_t *block = bytes + i;
        if (i + 64 > size) {
            memset(tail, 0, sizeof tail);
            memcpy(tail, block, size - i);
            block = tail;
        }
        __m256i low = _mm256_loadu_si256((const void *)block);
        __m256i high = _mm256_loadu_si256((const void *)(block + 32));
        __m128i marks = _mm_set_epi64x(0, (long long)equal(low, high, quote));
        uint64_t quoted =
            (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(marks, _mm_set1_epi8((char)0xff), 0)) ^
            inside;
        inside = (uint64_t)((int64_t)quoted >> 63);
        uint64_t ends = (equal(low, high, comma) | equal(low, high, line)) & ~quoted;
        int count = __builtin_popcountll(ends);
        for (int j = 0; j < count; j += 4)
            for (int k = 0; k < 4; k++) {
                places[found + (size_t)(j + k)] =
                    (uint32_t)i + (uint32_t)__builtin_ctzll(ends | 1ull << 63);
                ends &= ends - 1;
            }
        found += (size_t)count;
    }
    return found;
}

/* ---- values ---- */

static inline uint64_t eight_digits(uint64_t word)
{
    word = (word & 0x0f0f0f0f0f0f0f0full) * 2561 >> 8;
    word = (word & 0x00ff00ff00ff00ffull) * 6553601 >> 16;
    return (word & 0x0000ffff0000ffffull) * 42949672960001ull >> 32;
}

/* Reads up to 8 bytes before the digits: a header always is. */
static inline uint64_t digits(const uint8_t *at, size_t count)
{
    const uint64_t zeros = 0x3030303030303030ull;
    uint64_t word = zeros, value = 0;
    if (count == 0) return 0;
    if (count <= 8) {
        size_t before = 8 * (8 - count);
        memcpy(&word, at + count - 8, 8);
        word = word >> before << before;
        return eight_digits(before == 0 ? word : word | zeros >> (8 * count));
    }
    for (size_t i = 0; i < count; i++)
        value = value * 10 + (uint64_t)(at[i] - '0');
    return value;
}

static const double tens[] = {1,   1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7, 1e8,
                              1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16};

static inline int64_t integer(const uint8_t *at, size_t length)
{
    bool minus = length > 0 && *at == '-';
    int64_t value = (int64_t)digits(at + minus, length - minus);
    return minus ? -value : value;
}

static inline int64_t real(const uint8_t *at, size_t length)
{
    bool minus = length > 0 && *at == '-';
    at += minus;
    length -= minus;
    const uint8_t *point = memchr(at, '.', length);
    size_t after = point == NULL ? 0 : (size_t)(at + length - point) - 1;
    uint64_t all = digits(at, point == NULL ? length : (size_t)(point - at));
    if (point != NULL) all = all * (uint64_t)tens[after] + digits(point + 1, after);
    double value = (minus ? -1.0 : 1.0) * (double)all / tens[after];
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline int64_t two(const uint8_t *at)
{
    return (at[0] & 15) * 10 + (at[1] & 15);
}

/* YYYY-MM-DD HH:MM:SS to microseconds; days by Hinnant's days_from_civil. */
static inline int64_t time_of(const uint8_t *at, size_t length)
{
    if (length < 19) return 0;
    int64_t year = two(at) * 100 + two(at + 2), month = two(at + 5);
    year -= month <= 2;
    int64_t era = year / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + two(at + 8) - 1;
    int64_t days = era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
    int64_t seconds = two(at + 11) * 3600 + two(at + 14) * 60 + two(at + 17);
    return (days * 86400 + seconds) * 1000000;
}

/* Appends a field without its quotes; doubled ones become one. */
static size_t put_text(uint8_t *text, const uint8_t *at, size_t length)
{
    size_t done = 0;
    if (length == 0 || *at != '"') {
        memcpy(text, at, length <= 16 ? 16 : length);
        return length;
    }
    const uint8_t *end = at + length - 1;
    for (at++; at < end;) {
        const uint8_t *quote = memchr(at, '"', (size_t)(end - at));
        size_t part = (size_t)((quote == NULL ? end : quote + 1) - at);
        memcpy(text + done, at, part);
        done += part;
        at += part + (quote != NULL);
    }
    return done;
}

/* ---- a column of a chunk ---- */

struct fields {
    const uint8_t *bytes;
    size_t rows, columns, column;
};

static inline const uint8_t *field(const struct fields *fields, size_t row, size_t *ret_length)
{
    size_t at = row * fields->columns + fields->column;
    const uint8_t *start = at == 0 ? fields->bytes : fields->bytes + scratch.places[at - 1] + 1;
    *ret_length = (size_t)(fields->bytes + scratch.places[at] - start);
    scratch.valid[row >> 3] |= (uint8_t)((*ret_length > 0) << (row & 7));
    return start;
}

static void convert(const struct fields *fields, int64_t (*value)(const uint8_t *, size_t))
{
    size_t length;
    for (size_t row = 0; row < fields->rows; row++) {
        const uint8_t *at = field(fields, row, &length);
        scratch.values[row] = value(at, length);
    }
}

static void convert_integers(const struct fields *fields)
{
    size_t length;
    for (size_t row = 0; row < fields->rows; row++) {
        const uint8_t *at = field(fields, row, &length);
        scratch.values[row] = integer(at, length);
    }
}

static size_t convert_texts(const struct fields *fields)
{
    int32_t *offsets = (int32_t *)scratch.values;
    size_t length, used = 0;
    offsets[0] = 0;
    for (size_t row = 0; row < fields->rows; row++) {
        const uint8_t *at = field(fields, row, &length);
        used += put_text(scratch.text + used, at, length);
        offsets[row + 1] = (int32_t)used;
    }
    return used;
}

static size_t pack(const struct table *table, const void *bytes, size_t size)
{
    if (!table->compress) return size;
    return ZSTD_compressCCtx(scratch.zstd, scratch.packed, scratch.packed_size, bytes, size, 1);
}

static size_t pack_groups(const struct table *table, size_t count, size_t width)
{
    size_t packed = 0;
    for (size_t at = 0; at < count; at += GROUP) {
        size_t some = count - at < GROUP ? count - at : GROUP;
        packed += pack(table, (const uint8_t *)scratch.values + at * width, some * width);
    }
    return packed;
}

static size_t one_column(const struct table *table, const struct fields *fields)
{
    memset(scratch.valid, 0, fields->rows / 8 + 1);
    size_t texts = 0;
    switch (table->kinds[fields->column]) {
    case INTEGER: convert_integers(fields); break;
    case REAL: convert(fields, real); break;
    case TIME: convert(fields, time_of); break;
    case TEXT: texts = convert_texts(fields); break;
    }
    size_t packed = pack(table, scratch.valid, (fields->rows + 7) / 8);
    if (table->kinds[fields->column] != TEXT) return packed + pack_groups(table, fields->rows, 8);
    return packed + pack_groups(table, fields->rows + 1, 4) + pack(table, scratch.text, texts);
}

/* ---- chunks: each owns the records that begin in it ---- */

static const uint8_t *first_record(const struct table *table, size_t chunk)
{
    const uint8_t *end = table->bytes + table->size;
    if (chunk == 0) return table->records;
    if (chunk >= table->chunks) return end;
    const uint8_t *at = table->bytes + chunk * CHUNK - 1;
    bool inside = (table->quotes[chunk] & 1) != (*at == '"');
    for (; at < end; at++) {
        if (*at == '"') inside = !inside;
        if (*at == '\n' && !inside) return at + 1;
    }
    return end;
}

static enum status count_chunk(void *context, size_t i, struct err *err)
{
    (void)err;
    struct table *table = context;
    size_t left = table->size - i * CHUNK;
    table->quotes[i + 1] = count_quotes(table->bytes + i * CHUNK, left < CHUNK ? left : CHUNK);
    return STATUS_OK;
}

static enum status convert_chunk(void *context, size_t i, struct err *err)
{
    (void)err;
    struct table *table = context;
    open_scratch();
    const uint8_t *begin = first_record(table, i), *end = first_record(table, i + 1);
    struct fields fields = {.bytes = begin, .columns = table->columns};
    fields.rows = index_separators(begin, (size_t)(end - begin), scratch.places) / table->columns;
    table->rows[i] = fields.rows;
    for (; fields.column < table->columns; fields.column++) {
        table->packed[i] += one_column(table, &fields);
        if (fields.rows > 0) table->sums[i] += scratch.values[fields.rows / 2];
    }
    return STATUS_OK;
}

/* ---- the table ---- */

static enum kind kind_of(const uint8_t *at, size_t length)
{
    size_t points = 0, others = 0;
    for (size_t i = 0; i < length; i++) {
        points += at[i] == '.';
        others += at[i] != '.' && !(at[i] >= '0' && at[i] <= '9') && !(i == 0 && at[i] == '-');
    }
    if (length > 0 && others == 0 && points < 2) return points == 1 ? REAL : INTEGER;
    return length >= 19 && at[4] == '-' && at[13] == ':' ? TIME : TEXT;
}

static void learn_columns(struct table *table)
{
    table->records = (const uint8_t *)memchr(table->bytes, '\n', table->size) + 1;
    for (const uint8_t *at = table->bytes; at < table->records; at++)
        table->columns += *at == ',' || *at == '\n';
    const uint8_t *at = table->records;
    for (size_t i = 0; i < table->columns; i++) {
        const uint8_t *end = at;
        for (bool inside = false; inside || (*end != ',' && *end != '\n'); end++)
            inside ^= *end == '"';
        table->kinds[i] = kind_of(at, (size_t)(end - at));
        at = end + 1;
    }
}

static bool open_table(struct table *table, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0 || fstat(file, &about) != 0 || about.st_size < 2) return false;
    table->size = (size_t)about.st_size;
    /* A page more behind it: short texts are copied by sixteen bytes. */
    void *room = mmap(NULL, table->size + 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return false;
    table->bytes = mmap(room, table->size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
    close(file);
    if (table->bytes == MAP_FAILED) return false;
    table->chunks = (table->size + CHUNK - 1) / CHUNK;
    table->quotes = calloc(table->chunks + 1, sizeof *table->quotes);
    table->rows = calloc(table->chunks, sizeof *table->rows);
    table->packed = calloc(table->chunks, sizeof *table->packed);
    table->sums = calloc(table->chunks, sizeof *table->sums);
    learn_columns(table);
    return table->columns <= COLUMNS_MOST;
}

static void print_totals(const struct table *table)
{
    uint64_t rows = 0, packed = 0, sum = 0;
    for (size_t i = 0; i < table->chunks; i++) {
        rows += table->rows[i];
        packed += table->packed[i];
        sum += (uint64_t)table->sums[i];
    }
    printf("{\"rows\": %llu, \"bytes\": %llu, \"sum\": %llu}\n", (unsigned long long)rows,
           (unsigned long long)packed, (unsigned long long)(sum & 0xffff));
}

int main(int argc, char **argv)
{
    struct table table = {.compress = argc < 4 || strcmp(argv[3], "none") != 0};
    if (argc < 2) return 2;
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("pclmul")) return 77;
    if (!open_table(&table, argv[1])) return 1;
    size_t threads = parallel_threads(argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 0);
    if (parallel_for(threads, table.chunks, &table, count_chunk, NULL) != STATUS_OK) return 1;
    for (size_t i = 0; i < table.chunks; i++)
        table.quotes[i + 1] += table.quotes[i];
    if (parallel_for(threads, table.chunks, &table, convert_chunk, NULL) != STATUS_OK) return 1;
    print_totals(&table);
    return 0;
}
#else
int main(void)
{
    return 77;
}
#endif
