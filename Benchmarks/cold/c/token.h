#pragma once

// Verifies an HS256 token as createTeam does: format, header, signature, iss, aud, sub, exp, nbf, iat. Copies its
// subject, which must be a UUID. Returns 0 if the token is invalid.
int verify_token(const char *token, const char *secret, const char *issuer, const char *audience, char subject[37]);

// Finds a member of a JSON object without nested objects and copies its raw text without quotes. Returns 0 if the
// member is missing or too long.
int json_member(const char *json, const char *name, char *value, int capacity);
