#pragma once

// Verifies an HS256 token as createTeam does: form, header, signature, iss, aud, sub, exp, nbf, iat.
// Copies its subject, which must be a UUID. Returns 0 when the token is not acceptable.
int verify_token(const char *token, const char *secret, const char *issuer, const char *audience, char subject[37]);

// Finds a member of a JSON object that has no nested ones and copies its text as it stands, without quotes.
// Returns 0 when it is not there or does not fit.
int json_member(const char *json, const char *name, char *value, int capacity);
