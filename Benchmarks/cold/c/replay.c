// The reference program in C for every endpoint: sends the statements of a recorded call with the minimal effort and
// writes the rows of the last statement as one line of JSON. It reads the call from standard input in the format of
// wire.py:
//
//   Q  count, SQL                       a statement and the number of its values
//   P  type, format, length, bytes      one of its values; the length -1 means NULL
//   T  tag                              the expected command tag of the server's response, such as `SELECT 1`
//   S                                   send all statements so far and wait for the responses
//
// Numbers have four bytes in the byte order of this machine. A text is preceded by its length and followed by NUL.

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "yardstick.h"

enum { MAX_BYTES = 1 << 16, MAX_VALUES = 64, MAX_STATEMENTS = 64 };

static char call[MAX_BYTES];
static char *next = call;

static int32_t take_number(void) {
    int32_t number;
    memcpy(&number, next, sizeof number);
    next += sizeof number;
    return number;
}

static char *take_text(int length) {
    char *text = next;
    if (length >= 0) next += length + 1;
    return length < 0 ? NULL : text;
}

// Sends a statement and returns its expected tag.
static const char *send_statement(PGconn *connection) {
    Oid types[MAX_VALUES];
    const char *values[MAX_VALUES];
    int lengths[MAX_VALUES], formats[MAX_VALUES], count = take_number();
    const char *sql = take_text(take_number());
    if (count > MAX_VALUES) end(INVALID, "malformed");
    for (int i = 0; i < count; i++) {
        if (*next++ != 'P') end(INVALID, "malformed");
        types[i] = (Oid)take_number();
        formats[i] = take_number();
        lengths[i] = take_number();
        values[i] = take_text(lengths[i]);
    }
    if (*next++ != 'T') end(INVALID, "malformed");
    const char *tag = take_text(take_number());
    if (PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 0) != 1) {
        end(UNAVAILABLE, "unavailable");
    }
    return tag;
}

// Reads the responses to a pipeline and keeps the last result that has columns.
static void take_answers(PGconn *connection, const char *const *tags, int count, PGresult **kept) {
    for (int i = 0; i < count; i++) {
        PGresult *result = take_result(connection);
        if (strcmp(PQcmdStatus(result), tags[i]) != 0) {
            fprintf(stderr, "statement %d: %s instead of %s\n", i + 1, PQcmdStatus(result), tags[i]);
            end(INTERNAL, "internal");
        }
        if (PQnfields(result) == 0) {
            PQclear(result);
        } else {
            PQclear(*kept);
            *kept = result;
        }
    }
    take_sync(connection);
}

static char *append(char *json, const char *text) {
    *json++ = '"';
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') *json++ = '\\';
        *json++ = *text;
    }
    *json++ = '"';
    return json;
}

static void answer(const PGresult *result) {
    static char json[1 << 20];
    char *last = json;
    *last++ = '[';
    for (int row = 0; row < PQntuples(result); row++) {
        *last++ = row ? ',' : ' ';
        *last++ = '{';
        for (int column = 0; column < PQnfields(result); column++) {
            if (last - json + 2 * PQgetlength(result, row, column) > (long)sizeof json - 256) end(INTERNAL, "internal");
            if (column) *last++ = ',';
            last = append(last, PQfname(result, column));
            *last++ = ':';
            last = PQgetisnull(result, row, column) ? stpcpy(last, "null") : append(last, PQgetvalue(result, row, column));
        }
        *last++ = '}';
    }
    last = stpcpy(last, "]\n");
    if (write(1, json, (size_t)(last - json)) != last - json) _exit(INTERNAL);
}

int main(void) {
    size_t count = read_input(call, sizeof call);
    // The functions of operators have no caller.
    char user[37];
    if (getenv("NOFX_TOKEN")) authenticate(user);
    PGconn *connection = open_connection();
    const char *tags[MAX_STATEMENTS];
    int pending = 0;
    PGresult *kept = NULL;
    while (next < call + count) {
        switch (*next++) {
        case 'Q':
            if (pending == MAX_STATEMENTS) end(INVALID, "malformed");
            tags[pending++] = send_statement(connection);
            break;
        case 'S':
            if (PQpipelineSync(connection) != 1) end(UNAVAILABLE, "unavailable");
            take_answers(connection, tags, pending, &kept);
            pending = 0;
            break;
        default: end(INVALID, "malformed");
        }
    }
    answer(kept);
    PQfinish(connection);
    return 0;
}
