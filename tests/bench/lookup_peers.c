/* tests/bench/lookup_peers.c: the same lookups from others: one line of JSON as lookup.c prints it.
 *
 *     lookup_peers sqlite FILE ENTITIES LOOKUPS   table w (id INTEGER PRIMARY KEY, f0 ... f31)
 *     lookup_peers redis PORT ENTITIES LOOKUPS    GET <id> over loopback; fills it first: 256 bytes
 * each
 *     lookup_peers memory - ENTITIES LOOKUPS      the limit: 256 bytes copied out of an array
 *
 * SQLite is asked in process through a prepared statement and every column is fetched. Redis is
 * asked with one request a round trip, and its batch is one MGET. */
#include "latency.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH   100
#define COLUMNS 32

static int complain(const char *what)
{
    fprintf(stderr, "lookup_peers: %s\n", what);
    return 1;
}

/* ---- SQLite ---- */

static double fetch(sqlite3_stmt *statement, uint64_t id)
{
    double values[COLUMNS] = {0};
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    if (sqlite3_step(statement) == SQLITE_ROW)
        for (int i = 0; i < COLUMNS; i++)
            values[i] = i % 2 == 0 ? (double)sqlite3_column_int64(statement, i + 1)
                                   : sqlite3_column_double(statement, i + 1);
    sqlite3_reset(statement);
    return values[0];
}

static int by_sqlite(const char *path, uint64_t entities, size_t lookups, double *times)
{
    sqlite3 *database = NULL;
    sqlite3_stmt *statement = NULL;
    double sum = 0, begin = now(), batch[1001];
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_exec(database, "PRAGMA mmap_size = 4294967296; PRAGMA cache_size = -524288", NULL,
                     NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(database, "SELECT * FROM w WHERE id = ?", -1, &statement, NULL) !=
            SQLITE_OK)
        return complain("the SQLite file");
    fetch(statement, 0);
    double first = now() - begin;
    sqlite3_exec(database, "BEGIN", NULL, NULL, NULL); /* no lock a lookup */
    for (int turn = 0; turn < 2; turn++) {
        sum = 0;
        random_state = 1;
        for (size_t i = 0; i < lookups; i++) {
            uint64_t id = next_random() % entities;
            double before = now();
            double value = fetch(statement, id);
            times[i] = now() - before;
            sum += value;
        }
    }
    for (int i = 0; i < 1001; i++) {
        double before = now();
        for (int j = 0; j < BATCH; j++)
            fetch(statement, next_random() % entities);
        batch[i] = now() - before;
    }
    print_latencies(times, lookups, at_share(batch, 1001, 0.5), first, sum);
    sqlite3_finalize(statement);
    sqlite3_close(database);
    return 0;
}

/* ---- Redis ---- */

static int reach(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) return -1;
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return server;
}

static int send_all(int server, const char *data, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t some = write(server, data + sent, size - sent);
        if (some <= 0) return 1;
        sent += (size_t)some;
    }
    return 0;
}

/* Reads until `size` bytes have come. */
static int receive(int server, char *to, size_t size)
{
    for (size_t come = 0; come < size;) {
        ssize_t some = read(server, to + come, size - come);
        if (some <= 0) return 1;
        come += (size_t)some;
    }
    return 0;
}

#define VALUE  256
#define ANSWER (6 + VALUE + 2) /* $256 CR LF value CR LF */

static int fill(int server, uint64_t entities)
{
    char command[512], answer[5];
    for (uint64_t id = 0; id < entities; id++) {
        char value[VALUE] = {0}, key[24];
        double number = (double)id;
        memcpy(value, &number, sizeof number);
        int key_size = snprintf(key, sizeof key, "%llu", (unsigned long long)id);
        int size = snprintf(command, sizeof command, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n",
                            key_size, key, VALUE);
        memcpy(command + size, value, VALUE);
        memcpy(command + size + VALUE, "\r\n", 2);
        if (send_all(server, command, (size_t)size + VALUE + 2) != 0) return 1;
        if (id % 64 == 63 || id + 1 == entities) /* pipelined by 64 */
            for (uint64_t i = id - id % 64; i <= id; i++)
                if (receive(server, answer, 5) != 0) return 1;
    }
    return 0;
}

static int get(int server, uint64_t id, double *ret)
{
    char command[64], key[24], answer[ANSWER];
    int key_size = snprintf(key, sizeof key, "%llu", (unsigned long long)id);
    int size = snprintf(command, sizeof command, "*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n", key_size, key);
    if (send_all(server, command, (size_t)size) != 0 || receive(server, answer, ANSWER) != 0)
        return 1;
    memcpy(ret, answer + 6, sizeof *ret);
    return 0;
}

static int get_batch(int server, uint64_t entities)
{
    char command[64 + BATCH * 48], answer[6 + BATCH * ANSWER], key[24];
    int size = snprintf(command, sizeof command, "*%d\r\n$4\r\nMGET\r\n", BATCH + 1);
    for (int i = 0; i < BATCH; i++) {
        int key_size =
            snprintf(key, sizeof key, "%llu", (unsigned long long)(next_random() % entities));
        size +=
            snprintf(command + size, sizeof command - (size_t)size, "$%d\r\n%s\r\n", key_size, key);
    }
    return send_all(server, command, (size_t)size) != 0 ||
           receive(server, answer, sizeof answer) != 0;
}

static int by_redis(const char *port, uint64_t entities, size_t lookups, double *times)
{
    double sum = 0, value, batch[1001];
    int server = reach(port);
    if (server < 0 || fill(server, entities) != 0) return complain("the Redis server");
    for (size_t i = 0; i < lookups; i++) {
        uint64_t id = next_random() % entities;
        double before = now();
        if (get(server, id, &value) != 0 || value != (double)id) return complain("an answer");
        times[i] = now() - before;
        sum += value;
    }
    for (int i = 0; i < 1001; i++) {
        double before = now();
        if (get_batch(server, entities) != 0) return complain("a batch");
        batch[i] = now() - before;
    }
    print_latencies(times, lookups, at_share(batch, 1001, 0.5), 0, sum);
    close(server);
    return 0;
}

/* ---- memory ---- */

static int by_memory(uint64_t entities, size_t lookups, double *times)
{
    double sum = 0, value[VALUE / sizeof(double)], batch[1001], begin = now();
    char *rows = malloc(entities * VALUE);
    if (rows == NULL) return complain("no memory");
    for (size_t i = 0; i < entities * VALUE / sizeof *value; i++)
        memcpy(rows + i * sizeof *value, &(double){(double)i}, sizeof *value);
    double first = now() - begin;
    for (size_t i = 0; i < lookups; i++) {
        uint64_t id = next_random() % entities;
        double before = now();
        memcpy(value, rows + id * VALUE, VALUE);
        sum += value[id % COLUMNS];
        times[i] = now() - before;
    }
    for (int i = 0; i < 1001; i++) {
        double before = now();
        for (int j = 0; j < BATCH; j++) {
            memcpy(value, rows + next_random() % entities * VALUE, VALUE);
            sum += value[j % COLUMNS];
        }
        batch[i] = now() - before;
    }
    print_latencies(times, lookups, at_share(batch, 1001, 0.5), first, sum);
    free(rows);
    return 0;
}

static int run(const char *peer, const char *where, uint64_t entities, size_t lookups,
               double *times)
{
    if (strcmp(peer, "sqlite") == 0) return by_sqlite(where, entities, lookups, times);
    if (strcmp(peer, "redis") == 0) return by_redis(where, entities, lookups, times);
    if (strcmp(peer, "memory") == 0) return by_memory(entities, lookups, times);
    return complain("unknown peer");
}

int main(int argc, char **argv)
{
    if (argc != 5)
        return complain("usage: lookup_peers sqlite|redis|memory WHERE ENTITIES LOOKUPS");
    uint64_t entities = strtoull(argv[3], NULL, 10);
    size_t lookups = strtoull(argv[4], NULL, 10);
    double *times = calloc(lookups, sizeof *times);
    if (times == NULL) return complain("no memory");
    int failed = run(argv[1], argv[2], entities, lookups, times);
    free(times);
    return failed;
}
