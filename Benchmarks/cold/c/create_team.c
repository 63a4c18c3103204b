// The reference program in C: does the work of createTeam with the minimal effort. It reads one event from standard
// input and writes one line.

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "statements.h"
#include "token.h"
#include "yardstick.h"

enum { BOOLEAN = 16, INT8 = 20, INT4 = 23, TEXT = 25, TIMESTAMPTZ = 1184, UUID = 2950, JSONB = 3802 };

static void make_uuid_v7(char text[37]) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != sizeof random) end(INTERNAL, "internal");
    uint64_t milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    uint64_t high = milliseconds << 16 | 0x7000 | (random[0] & 0xFFF);
    uint64_t low = 0x8000000000000000 | (random[1] >> 2);
    snprintf(
        text, 37, "%08x-%04x-%04x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16 & 0xFFFF),
        (unsigned)(high & 0xFFFF), (unsigned)(low >> 48), (unsigned long long)(low & 0xFFFFFFFFFFFF)
    );
}

static void make_suffix(char text[8]) {
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) end(INTERNAL, "internal");
    text[0] = '-';
    for (int i = 1; i < 7; i++, random /= 36) text[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[random % 36];
    text[7] = 0;
}

static void post(PGconn *connection, const char *sql, int count, const Oid *types, const char *const *values) {
    if (PQsendQueryParams(connection, sql, count, types, values, NULL, NULL, 0) != 1) end(UNAVAILABLE, "unavailable");
}

// Sends the whole transaction at once and returns the result of the statement before COMMIT.
static PGresult *create(PGconn *connection, const char *user, const char *issuer, const char *name) {
    char team[37], request[37], suffix[8], record[128], rate[64];
    make_uuid_v7(team);
    make_uuid_v7(request);
    make_suffix(suffix);
    snprintf(
        record, sizeof record, "{\"credential\":\"session\",\"requestId\":\"%s\",\"ip\":null,\"userAgent\":null}", request
    );
    snprintf(rate, sizeof rate, "%s writes", user);
    post(connection, sql_begin, 0, NULL, NULL);
    post(connection, sql_limits, 2, (Oid[]){TEXT, TEXT}, (const char *[]){"9750", "2000"});
    post(
        connection, sql_enter, 8, (Oid[]){INT4, UUID, TEXT, TEXT, TEXT, TEXT, BOOLEAN, TIMESTAMPTZ},
        (const char *[]){"7", user, issuer, user, NULL, NULL, "f", NULL}
    );
    post(
        connection, sql_rate, 4, (Oid[]){INT8, TEXT, INT8, INT8}, (const char *[]){"20", rate, "1000000", "20"}
    );
    post(connection, sql_lock, 1, (Oid[]){UUID}, (const char *[]){user});
    post(
        connection, sql_create, 15,
        (Oid[]){UUID, TEXT, TEXT, TEXT, UUID, TEXT, TEXT, UUID, INT8, BOOLEAN, INT8, UUID, TEXT, TEXT, JSONB},
        (const char *[]){user, NULL, suffix, name, team, name, NULL, user, "20", "t", "20", user, "team.created", "team", record}
    );
    post(connection, sql_commit, 0, NULL, NULL);
    if (PQpipelineSync(connection) != 1) end(UNAVAILABLE, "unavailable");

    PGresult *results[7];
    for (int i = 0; i < 7; i++) results[i] = take_result(connection);
    take_sync(connection);
    if (strcmp(PQcmdStatus(results[6]), "COMMIT") != 0) end(INTERNAL, "internal");
    return results[5];
}

// Converts `{a,b}` to `"a","b"`. The elements need no escaping.
static void append_array(char *json, const char *array) {
    char *next = json + strlen(json);
    for (; *array; array++) {
        if (*array == '{' || *array == '}') *next++ = '"';
        else if (*array == ',') next = stpcpy(next, "\",\"");
        else *next++ = *array;
    }
    *next = 0;
}

// Converts `2026-01-02 03:04:05.678+00` to the format of RFC 3339.
static void append_time(char *json, const char *time) {
    char *start = json + strlen(json);
    strcpy(start, time);
    start[10] = 'T';
    char *zone = strrchr(start, '+');
    if (zone) strcpy(zone, "Z");
}

static void answer(const PGresult *result) {
    static char json[1 << 15];
#define COLUMN(name) PQgetvalue(result, 0, PQfnumber(result, name))
    if (PQntuples(result) != 1 || PQgetisnull(result, 0, PQfnumber(result, "id"))) end(INTERNAL, "internal");
    snprintf(
        json, sizeof json - 1024,
        "{\"id\":\"%s\",\"name\":\"%s\",\"slug\":\"%s\",\"ownerId\":\"%s\",\"role\":\"%s\",\"permissions\":[",
        COLUMN("id"), COLUMN("name"), COLUMN("slug"), COLUMN("owner_id"), COLUMN("role")
    );
    append_array(json, COLUMN("permissions"));
    int is_null = PQgetisnull(result, 0, PQfnumber(result, "billing_email"));
    const char *quote = is_null ? "" : "\"";
    snprintf(
        json + strlen(json), 512, "],\"billingEmail\":%s%s%s,\"settings\":%s,\"version\":%s,\"createdAt\":\"", quote,
        is_null ? "null" : COLUMN("billing_email"), quote, COLUMN("settings"), COLUMN("version")
    );
    append_time(json, COLUMN("created_at"));
    strcat(json, "\",\"updatedAt\":\"");
    append_time(json, COLUMN("updated_at"));
    strcat(json, "\"}\n");
    if (write(1, json, strlen(json)) != (ssize_t)strlen(json)) _exit(INTERNAL);
}

int main(void) {
    static char event[1 << 16];
    char user[37], name[128];
    read_input(event, sizeof event);
    authenticate(user);
    if (!json_member(event, "name", name, sizeof name) || strlen(name) < 2 || strpbrk(name, "<>\\")) {
        end(INVALID, "validation_failed");
    }
    PGconn *connection = open_connection();
    answer(create(connection, user, variable("NOFX_JWT_ISSUER"), name));
    PQfinish(connection);
    return 0;
}
