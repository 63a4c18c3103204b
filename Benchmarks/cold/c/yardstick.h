#pragma once

#include <libpq-fe.h>

enum { INVALID = 65, INTERNAL = 70, UNAVAILABLE = 75, DENIED = 77, MISCONFIGURED = 78 };

// Writes the code of a problem and ends the process.
__attribute__((noreturn)) void end(int status, const char *code);

// Reads standard input to its end and appends NUL. Returns the number of bytes.
size_t read_input(char *bytes, size_t capacity);

// Returns the value of a required environment variable.
const char *variable(const char *name);

// Verifies NOFX_TOKEN and copies its subject.
void authenticate(char user[37]);

// Opens a connection to DATABASE_URL, in pipeline mode.
PGconn *open_connection(void);

// Reads the result of the next statement, which must have succeeded, and the end of its results.
PGresult *take_result(PGconn *connection);

// Reads the end of a pipeline.
void take_sync(PGconn *connection);
