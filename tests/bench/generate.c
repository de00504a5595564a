/* tests/bench/generate.c: tables for the benchmarks and for tests that need size.
 *
 *   generate trips MIB    taxi trips: 20 columns of numbers and times, a few quoted zone names
 *   generate posts MIB    quoted texts with commas, doubled quotes and line ends, 8 columns
 *   generate people ROWS  a dirty table for the cleaning chain: 9 columns, 5 % repeated keys,
 * spaces, mixed case, eight spellings of null, words among the numbers, outliers
 *
 * Same arguments, same bytes on every machine: no clock, no locale. */
#include "random.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const zones[] = {
    "Newark Airport", "Jamaica Bay",       "Alphabet City", "\"Arden Heights, North\"",
    "Astoria",        "Auburndale",        "Baisley Park",  "Bath Beach",
    "Bay Ridge",      "\"Midtown, East\"", "SoHo",          "Two Bridges",
    "JFK Airport",    "LaGuardia Airport", "Bedford",       "Murray Hill",
};
static const char *const names[] = {"data",  "model", "river", "market", "blue",   "train",
                                    "label", "drift", "store", "table",  "record", "northern"};
static const char *const cities[] = {"london", "paris",  "berlin", "new york", "san francisco",
                                     "tokyo",  "lagos",  "lima",   "oslo",     "madrid",
                                     "rome",   "cairo",  "delhi",  "seoul",    "austin",
                                     "boston", "denver", "prague", "vienna",   "chicago"};
static const char *const genders[] = {"female", "male", "other"};
static const char *const nulls[] = {"", "NA", "N/A", "null", "None", "-", "?", "n/a"};

#define COUNT(table) (uint32_t)(sizeof(table) / sizeof *(table))

static void put_date(int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm parts;
    gmtime_r(&time, &parts);
    printf("%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}

static void put_time(int64_t seconds)
{
    put_date(seconds);
    printf(" %02d:%02d:%02d,", (int)(seconds / 3600 % 24), (int)(seconds / 60 % 60),
           (int)(seconds % 60));
}

static void put_cents(int64_t cents)
{
    long long whole = llabs(cents) / 100, rest = llabs(cents) % 100;
    printf("%s%lld.%02lld", cents < 0 ? "-" : "", whole, rest);
}

/* One trip; its size in bytes is what the caller watches through ftello. */
static void put_trip(struct random *random, uint64_t id, int64_t start)
{
    int64_t fare = 300 + random_below(random, 6000), extra = random_below(random, 3) * 50;
    int64_t tip = random_below(random, 3) ? random_below(random, 1500) : 0;
    int64_t tolls = random_below(random, 20) ? 0 : 655;
    printf("%" PRIu64 ",", id);
    printf("%u,", 1 + random_below(random, 2));
    put_time(start);
    put_time(start + 120 + random_below(random, 3600));
    if (random_below(random, 33)) printf("%u", 1 + random_below(random, 6));
    putchar(',');
    put_cents(random_below(random, 3000));
    putchar(',');
    if (random_below(random, 33)) printf("%u", 1 + random_below(random, 6));
    uint32_t kept = random_below(random, 40);
    printf(",%s,", kept == 0 ? "" : kept == 1 ? "Y" : "N");
    printf("%u,", 1 + random_below(random, 265));
    printf("%u,", 1 + random_below(random, 265));
    printf("%s,", zones[random_below(random, COUNT(zones))]);
    printf("%u,", 1 + random_below(random, 4));
    const int64_t money[] = {fare, extra, 50, tip, tolls, fare + extra + 50 + tip + tolls};
    for (size_t i = 0; i < COUNT(money); i++) {
        put_cents(money[i]);
        putchar(',');
    }
    printf("40.%06u,", random_below(random, 1000000));
    printf("-73.%06u\n", random_below(random, 1000000));
}

static void put_trips(uint64_t mib)
{
    struct random random = {11};
    int64_t start = 1672531200;
    puts("trip_id,vendor_id,pickup_ts,dropoff_ts,passenger_count,trip_distance,rate_code,store_fwd,"
         "pu_loc,do_loc,zone,payment_type,fare,extra,mta_tax,tip,tolls,total,lat,lon");
    uint64_t bytes = 0, limit = mib << 20;
    for (uint64_t id = 1; bytes < limit; id++) {
        start += random_below(&random, 5);
        put_trip(&random, id, start);
        bytes += 135; /* their mean; stdout may be a pipe and cannot be asked */
    }
}

static uint64_t put_words(struct random *random, uint32_t count, bool free)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        const char *word = names[random_below(random, COUNT(names))];
        uint32_t mark = free ? random_below(random, 40) : 9;
        bytes += (uint64_t)printf("%s%s%s", i == 0 ? "" : " ", word,
                                  mark < 3    ? ","
                                  : mark == 3 ? " \"\"quoted\"\""
                                  : mark == 4 ? "\n"
                                              : "");
    }
    return bytes;
}

static void put_posts(uint64_t mib)
{
    static const char *const languages[] = {"en", "de", "fr", "es", "pt", "zh", ""};
    struct random random = {22};
    int64_t start = 1700000000;
    puts("id,user,created,lang,score,flag,title,body");
    uint64_t bytes = 0, limit = mib << 20;
    for (uint64_t id = 1; bytes < limit; id++) {
        start += random_below(&random, 60);
        printf("%" PRIu64 ",user_%u,", id, random_below(&random, 200000));
        put_date(start);
        printf("T%02d:%02d:%02dZ,%s,", (int)(start / 3600 % 24), (int)(start / 60 % 60),
               (int)(start % 60), languages[random_below(&random, COUNT(languages))]);
        if (random_below(&random, 20))
            printf("%.4f", ((int)random_below(&random, 2000000) - 1000000) / 10000.0);
        printf(",%s,\"", random_below(&random, 2) ? "true" : "false");
        bytes += 60 + put_words(&random, 3 + random_below(&random, 8), false);
        if (random_below(&random, 4) == 0) fputs(", part two", stdout);
        fputs("\",\"", stdout);
        bytes += put_words(&random, 10 + random_below(&random, 60), true);
        fputs("\"\n", stdout);
    }
}

/* Spaces before or behind, and small, capital or mixed letters. */
static void put_untidy(struct random *random, const char *text)
{
    uint32_t spaces = random_below(random, 8), letters = random_below(random, 4);
    fputs(spaces == 0 ? "  " : spaces == 1 ? " " : "", stdout);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool small = text[i] >= 'a' && text[i] <= 'z';
        bool raise = letters == 0 || (letters == 1 && i == 0);
        putchar(small && raise ? text[i] - 'a' + 'A' : text[i]);
    }
    fputs(spaces == 2 ? " " : spaces == 3 ? "  " : "", stdout);
}

static bool put_null(struct random *random, uint32_t percent)
{
    if (random_below(random, 100) >= percent) return false;
    fputs(nulls[random_below(random, COUNT(nulls))], stdout);
    return true;
}

static void put_age(struct random *random)
{
    if (put_null(random, 5)) return;
    if (random_below(random, 200))
        printf("%u", 18 + random_below(random, 70));
    else if (random_below(random, 2))
        printf("%u", 150 + random_below(random, 800));
    else
        fputs("abc", stdout);
}

static void put_measures(struct random *random)
{
    if (!put_null(random, 5)) {
        double height = 170 + 10 * random_normal(random);
        printf("%.1f", random_below(random, 150) ? height : height * 10);
    }
    putchar(',');
    if (!put_null(random, 7)) {
        double income = 40000 + 12000 * random_normal(random);
        put_cents(llabs((int64_t)(income * (random_below(random, 100) ? 100 : 5000))));
    }
    putchar(',');
    if (!put_null(random, 3)) printf("%.3f", random_below(random, 100001) / 1000.0);
    putchar(',');
}

static void put_people(uint64_t rows)
{
    struct random random = {33};
    uint64_t key = 1000000;
    puts("key,name,city,gender,age,height,income,score,signup");
    for (uint64_t row = 0; row < rows; row++) {
        bool fresh = row < 100 || random_below(&random, 20) != 0;
        printf("%" PRIu64 ",", fresh ? ++key : 1000001 + random_bits(&random) % (key - 1000000));
        put_untidy(&random, names[random_below(&random, COUNT(names))]);
        putchar(',');
        if (!put_null(&random, 4))
            put_untidy(&random, cities[random_below(&random, COUNT(cities))]);
        putchar(',');
        if (!put_null(&random, 6))
            put_untidy(&random, genders[random_below(&random, COUNT(genders))]);
        putchar(',');
        put_age(&random);
        putchar(',');
        put_measures(&random);
        if (!put_null(&random, 2)) put_date(1500000000 + random_below(&random, 200000000));
        putchar('\n');
    }
}

int main(int argc, char **argv)
{
    uint64_t size = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (size > 0 && strcmp(argv[1], "trips") == 0) {
        put_trips(size);
    } else if (size > 0 && strcmp(argv[1], "posts") == 0) {
        put_posts(size);
    } else if (size > 0 && strcmp(argv[1], "people") == 0) {
        put_people(size);
    } else {
        fputs("usage: generate trips MIB | posts MIB | people ROWS\n", stderr);
        return 2;
    }
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
