#pragma once

#include <libpq-fe.h>

enum { INVALID = 65, INTERNAL = 70, UNAVAILABLE = 75, DENIED = 77, MISCONFIGURED = 78 };

// Answers with a problem's code and ends the process.
__attribute__((noreturn)) void end(int status, const char *code);

// Reads standard input to its end, and ends it with NUL. Returns how many bytes there were.
size_t read_input(char *bytes, size_t capacity);

// The value of a variable that must be there.
const char *variable(const char *name);

// Verifies NOFX_TOKEN; copies its subject.
void authenticate(char user[37]);

// Opens a connection to DATABASE_URL, in pipeline mode.
PGconn *open_connection(void);

// Reads the result of the next statement, which must have succeeded, and what comes behind it.
PGresult *take_result(PGconn *connection);

// Reads the end of a pipeline.
void take_sync(PGconn *connection);
