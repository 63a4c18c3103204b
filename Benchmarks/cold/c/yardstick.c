#include "yardstick.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "token.h"

void end(int status, const char *code) {
    char line[256];
    int count = snprintf(line, sizeof line, "{\"code\":\"%s\"}\n", code);
    _exit(write(1, line, (size_t)count) == count ? status : INTERNAL);
}

size_t read_input(char *bytes, size_t capacity) {
    size_t total = 0;
    ssize_t count;
    while ((count = read(0, bytes + total, capacity - 1 - total)) > 0) total += (size_t)count;
    bytes[total] = 0;
    return total;
}

const char *variable(const char *name) {
    const char *value = getenv(name);
    if (!value || !*value) end(MISCONFIGURED, "misconfigured");
    return value;
}

void authenticate(char user[37]) {
    const char *secret = variable("NOFX_JWT_SECRET"), *issuer = variable("NOFX_JWT_ISSUER");
    if (!verify_token(variable("NOFX_TOKEN"), secret, issuer, variable("NOFX_JWT_AUDIENCE"), user)) {
        end(DENIED, "invalid_token");
    }
}

PGconn *open_connection(void) {
    const char *names[] = {"dbname", "client_encoding", "fallback_application_name", "passfile", NULL};
    const char *values[] = {variable("DATABASE_URL"), "UTF8", "nofx", "/nonexistent/pgpass", NULL};
    PGconn *connection = PQconnectdbParams(names, values, 1);
    if (PQstatus(connection) != CONNECTION_OK || PQenterPipelineMode(connection) != 1) end(UNAVAILABLE, "unavailable");
    return connection;
}

PGresult *take_result(PGconn *connection) {
    PGresult *result = PQgetResult(connection);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fprintf(stderr, "%s", PQerrorMessage(connection));
        end(INTERNAL, "internal");
    }
    if (PQgetResult(connection)) end(INTERNAL, "internal");
    return result;
}

void take_sync(PGconn *connection) {
    PGresult *result = PQgetResult(connection);
    if (PQresultStatus(result) != PGRES_PIPELINE_SYNC) end(INTERNAL, "internal");
    PQclear(result);
}
