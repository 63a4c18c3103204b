#define OPENSSL_SUPPRESS_DEPRECATED
#include "token.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_TOKEN = 8192, BLOCK = 64 };

static int digit(char letter) {
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    if (letter >= 'a' && letter <= 'z') return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9') return letter - '0' + 52;
    return letter == '-' ? 62 : letter == '_' ? 63 : -1;
}

// Decodes base64url without padding. Returns -1 if the input is not valid.
static int decode(const char *text, int count, unsigned char *bytes) {
    unsigned bits = 0;
    int pending = 0, written = 0;
    if (count % 4 == 1) return -1;
    for (int i = 0; i < count; i++) {
        int value = digit(text[i]);
        if (value < 0) return -1;
        bits = bits << 6 | (unsigned)value;
        pending += 6;
        if (pending >= 8) bytes[written++] = (unsigned char)(bits >> (pending -= 8));
    }
    return bits & ((1u << pending) - 1) ? -1 : written;
}

static void hmac(const char *key, const char *message, size_t count, unsigned char code[SHA256_DIGEST_LENGTH]) {
    unsigned char block[BLOCK] = {0}, pad[BLOCK];
    if (strlen(key) > BLOCK) SHA256((const unsigned char *)key, strlen(key), block);
    else memcpy(block, key, strlen(key));
    SHA256_CTX context;
    for (int i = 0; i < BLOCK; i++) pad[i] = block[i] ^ 0x36;
    SHA256_Init(&context);
    SHA256_Update(&context, pad, BLOCK);
    SHA256_Update(&context, message, count);
    SHA256_Final(code, &context);
    for (int i = 0; i < BLOCK; i++) pad[i] = block[i] ^ 0x5C;
    SHA256_Init(&context);
    SHA256_Update(&context, pad, BLOCK);
    SHA256_Update(&context, code, SHA256_DIGEST_LENGTH);
    SHA256_Final(code, &context);
}

int json_member(const char *json, const char *name, char *value, int capacity) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\"", name);
    const char *start = strstr(json, key);
    if (!start) return 0;
    start += strlen(key);
    start += strspn(start, " \t\r\n");
    if (*start++ != ':') return 0;
    start += strspn(start, " \t\r\n");
    const char *end = start;
    if (*start == '"') {
        end = ++start;
        while (*end && *end != '"') end += end[0] == '\\' && end[1] ? 2 : 1;
        if (!*end) return 0;
    } else {
        end = start + strcspn(start, ",} \t\r\n");
    }
    if (end - start >= capacity) return 0;
    memcpy(value, start, (size_t)(end - start));
    value[end - start] = 0;
    return 1;
}

static int is_uuid(const char *text) {
    if (strlen(text) != 36) return 0;
    for (int i = 0; i < 36; i++) {
        int is_hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_hyphen ? text[i] != '-' : !strchr("0123456789abcdefABCDEF", text[i])) return 0;
    }
    return 1;
}

// Reads a time. Returns 0 if it is missing.
static long long seconds(const char *claims, const char *name) {
    char value[32];
    return json_member(claims, name, value, sizeof value) ? strtoll(value, NULL, 10) : 0;
}

int verify_token(const char *token, const char *secret, const char *issuer, const char *audience, char subject[37]) {
    unsigned char bytes[MAX_TOKEN], code[SHA256_DIGEST_LENGTH];
    char value[256];
    const char *first = strchr(token, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.') || strlen(token) >= MAX_TOKEN) return 0;

    int count = decode(token, (int)(first - token), bytes);
    if (count < 0) return 0;
    bytes[count] = 0;
    if (!json_member((char *)bytes, "alg", value, sizeof value) || strcmp(value, "HS256") != 0) return 0;
    if (json_member((char *)bytes, "crit", value, sizeof value)) return 0;

    hmac(secret, token, (size_t)(second - token), code);
    if (decode(second + 1, (int)strlen(second + 1), bytes) != sizeof code) return 0;
    if (CRYPTO_memcmp(bytes, code, sizeof code) != 0) return 0;

    count = decode(first + 1, (int)(second - first - 1), bytes);
    if (count < 0) return 0;
    bytes[count] = 0;
    const char *claims = (char *)bytes;
    if (!json_member(claims, "iss", value, sizeof value) || strcmp(value, issuer) != 0) return 0;
    if (!json_member(claims, "aud", value, sizeof value) || strcmp(value, audience) != 0) return 0;
    if (!json_member(claims, "sub", subject, 37) || !is_uuid(subject)) return 0;
    long long now = time(NULL), issued = seconds(claims, "iat"), expires = seconds(claims, "exp");
    if (now + 60 < seconds(claims, "nbf") || now + 60 < issued) return 0;
    return expires && (!issued || expires <= issued + 86400) && now < expires + 60;
}
