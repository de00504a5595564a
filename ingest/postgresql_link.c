/* ingest/postgresql_link.c: a connection to a PostgreSQL server (libpq) that can be interrupted and
 * never shows a password. */
#include "ingest/postgresql_parts.h"

#include "base/clock.h"
#include "base/secret.h"

#include <errno.h>
#include <poll.h>

#define CONNECT_SECONDS 30
#define WAIT_MS         200

/* ---- messages ---- */

/* On one line, and with the password of the address taken out, should it be there. */
static enum status fail_link(const struct postgresql_link *link, enum status status,
                             const char *message, struct err *err)
{
    char line[1024];
    size_t used = 0, password = link->password == NULL ? 0 : strlen(link->password);
    for (const char *at = message; *at != '\0' && used < sizeof line - 4;) {
        if (password > 0 && strncmp(at, link->password, password) == 0) {
            memcpy(line + used, "***", 3);
            used += 3;
            at += password;
            continue;
        }
        line[used++] = *at == '\n' || *at == '\t' ? ' ' : *at;
        at++;
    }
    struct str shown = str_trim((struct str){line, used});
    return fail(err, status, "PostgreSQL: %.*s", (int)shown.size, shown.data);
}

static enum status fail_connection(const struct postgresql_link *link, struct err *err)
{
    return fail_link(link, STATUS_FAILED, PQerrorMessage(link->connection), err);
}

static enum status fail_result(const struct postgresql_link *link, const PGresult *result,
                               enum status blame, struct err *err)
{
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (message == NULL) return fail_connection(link, err);
    /* classes 42 and 22: what was asked for; everything else happened to the server */
    bool asked = state != NULL && (strncmp(state, "42", 2) == 0 || strncmp(state, "22", 2) == 0);
    (void)fail_link(link, asked ? blame : STATUS_FAILED, message, err);
    const char *hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
    if (hint != NULL) err_hint(err, "%s", hint);
    return asked ? blame : STATUS_FAILED;
}

/* ---- waiting ---- */

static void cancel(struct postgresql_link *link)
{
    char reason[256];
    PGcancel *request = PQgetCancel(link->connection);
    if (request != NULL) PQcancel(request, reason, sizeof reason);
    PQfreeCancel(request);
}

/* Until the socket is ready or an instant is over. */
static enum status wait_socket(struct postgresql_link *link, short events, struct err *err)
{
    struct pollfd socket = {.fd = PQsocket(link->connection), .events = events};
    enum status status = interrupted(err);
    if (status != STATUS_OK) {
        cancel(link);
        return status;
    }
    if (socket.fd < 0) return fail_connection(link, err);
    if (poll(&socket, 1, WAIT_MS) < 0 && errno != EINTR)
        return fail_errno(err, errno, "waiting for PostgreSQL");
    return STATUS_OK;
}

static enum status await_input(struct postgresql_link *link, struct err *err)
{
    TRY(wait_socket(link, POLLIN, err));
    return PQconsumeInput(link->connection) == 1 ? STATUS_OK : fail_connection(link, err);
}

/* ---- connecting ---- */

static void options_close(PQconninfoOption **options)
{
    PQconninfoFree(*options);
    *options = NULL;
}

/* libpq's own message would repeat the address with its password. */
static enum status check_address(struct postgresql_link *link, const char *address, struct err *err)
{
    OWNED(options_close) PQconninfoOption *options = PQconninfoParse(address, NULL);
    if (options == NULL) {
        (void)fail(err, STATUS_USAGE, "the address is not one of PostgreSQL");
        err_hint(err, "expected postgresql://USER@HOST:PORT/DATABASE, with %%XX for special "
                      "characters");
        return STATUS_USAGE;
    }
    for (const PQconninfoOption *option = options; option->keyword != NULL; option++) {
        if (strcmp(option->keyword, "password") != 0 || option->val == NULL) continue;
        link->password = memory_copy_text(option->val, strlen(option->val));
        if (link->password == NULL) return fail_memory(err, strlen(option->val));
    }
    return STATUS_OK;
}

static void ignore_notice(void *context, const char *message)
{
    (void)context;
    (void)message;
}

enum status postgresql_connect(struct postgresql_link *ret, const char *address, struct err *err)
{
    const char *const keywords[] = {"dbname", "client_encoding", "fallback_application_name", NULL};
    const char *const values[] = {address, "UTF8", "tamis-ingest", NULL};
    secret_held(); /* libpq may take a password from the environment or a file, too */
    TRY(check_address(ret, address, err));
    ret->connection = PQconnectStartParams(keywords, values, 1);
    if (ret->connection == NULL) return fail_memory(err, 0);
    double end = clock_seconds() + CONNECT_SECONDS;
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    if (PQstatus(ret->connection) == CONNECTION_BAD) state = PGRES_POLLING_FAILED;
    while (state != PGRES_POLLING_OK) {
        if (state == PGRES_POLLING_FAILED) return fail_connection(ret, err);
        if (clock_seconds() > end)
            return fail(err, STATUS_FAILED, "PostgreSQL: no answer within %d s", CONNECT_SECONDS);
        struct pollfd socket = {.fd = PQsocket(ret->connection),
                                .events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT};
        TRY(interrupted(err));
        if (poll(&socket, 1, WAIT_MS) > 0) state = PQconnectPoll(ret->connection);
    }
    PQsetNoticeProcessor(ret->connection, ignore_notice, NULL);
    return STATUS_OK;
}

void postgresql_link_close(struct postgresql_link *link)
{
    PQfinish(link->connection);
    if (link->password != NULL) explicit_bzero(link->password, strlen(link->password));
    memory_free(link->password);
    *link = (struct postgresql_link){0};
}

void postgresql_result_close(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

/* ---- statements ---- */

static enum status next_result(struct postgresql_link *link, PGresult **ret, struct err *err)
{
    while (PQisBusy(link->connection) == 1)
        TRY(await_input(link, err));
    *ret = PQgetResult(link->connection);
    return STATUS_OK;
}

/* The one result of what was sent, and nothing behind it. */
static enum status only_result(struct postgresql_link *link, enum status blame, PGresult **ret,
                               struct err *err)
{
    OWNED(postgresql_result_close) PGresult *result = NULL;
    TRY(next_result(link, &result, err));
    for (;;) {
        OWNED(postgresql_result_close) PGresult *more = NULL;
        TRY(next_result(link, &more, err));
        if (more == NULL) break;
    }
    ExecStatusType state = PQresultStatus(result); /* of NULL: a fatal error */
    if (state != PGRES_TUPLES_OK && state != PGRES_COMMAND_OK)
        return result == NULL ? fail_connection(link, err) : fail_result(link, result, blame, err);
    *ret = result;
    result = NULL;
    return STATUS_OK;
}

enum status postgresql_run(struct postgresql_link *link, const char *sql, const char *parameter,
                           enum status blame, PGresult **ret, struct err *err)
{
    if (PQsendQueryParams(link->connection, sql, parameter == NULL ? 0 : 1, NULL, &parameter, NULL,
                          NULL, 0) != 1)
        return fail_connection(link, err);
    return only_result(link, blame, ret, err);
}

enum status postgresql_describe(struct postgresql_link *link, const char *sql, PGresult **ret,
                                struct err *err)
{
    OWNED(postgresql_result_close) PGresult *prepared = NULL;
    if (PQsendPrepare(link->connection, "", sql, 0, NULL) != 1) return fail_connection(link, err);
    TRY(only_result(link, STATUS_USAGE, &prepared, err));
    if (PQsendDescribePrepared(link->connection, "") != 1) return fail_connection(link, err);
    return only_result(link, STATUS_USAGE, ret, err);
}

enum status postgresql_copy_begin(struct postgresql_link *link, const char *sql, struct err *err)
{
    OWNED(postgresql_result_close) PGresult *result = NULL;
    if (PQsendQueryParams(link->connection, sql, 0, NULL, NULL, NULL, NULL, 0) != 1)
        return fail_connection(link, err);
    TRY(next_result(link, &result, err));
    if (PQresultStatus(result) == PGRES_COPY_OUT) return STATUS_OK;
    return result == NULL ? fail_connection(link, err)
                          : fail_result(link, result, STATUS_USAGE, err);
}

enum status postgresql_copy_next(struct postgresql_link *link, char **ret, size_t *ret_size,
                                 struct err *err)
{
    OWNED(postgresql_result_close) PGresult *end = NULL;
    for (;;) {
        int size = PQgetCopyData(link->connection, ret, 1);
        *ret_size = size > 0 ? (size_t)size : 0;
        if (size > 0) return STATUS_OK;
        *ret = NULL;
        if (size == -2) return fail_connection(link, err);
        if (size == -1) break;
        TRY(await_input(link, err));
    }
    TRY(next_result(link, &end, err));
    if (PQresultStatus(end) == PGRES_COMMAND_OK) return STATUS_OK;
    return end == NULL ? fail_connection(link, err) : fail_result(link, end, STATUS_FAILED, err);
}
