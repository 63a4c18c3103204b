// The least that a runtime can do on Lambda: it takes each event from the Runtime API over one connection and answers
// with a constant. Its warm call is the time of the imitated Runtime API itself.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[1 << 20];

static void send_all(int fd, const char *text) {
    size_t length = strlen(text);
    if (write(fd, text, length) != (ssize_t)length) exit(1);
}

// Reads one HTTP response, and ends the program if the connection ends.
static void receive(int fd) {
    size_t count = 0;
    while (1) {
        ssize_t got = read(fd, buffer + count, sizeof buffer - 1 - count);
        if (got <= 0) exit(0);
        count += (size_t)got;
        buffer[count] = 0;
        char *end = strstr(buffer, "\r\n\r\n"), *length = strstr(buffer, "Content-Length: ");
        if (end && length && count >= (size_t)(end + 4 - buffer) + strtoul(length + 16, NULL, 10)) return;
    }
}

int main(void) {
    char *address = getenv("AWS_LAMBDA_RUNTIME_API"), *port = address ? strchr(address, ':') : NULL;
    struct sockaddr_in api = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    if (!port) return 64;
    api.sin_port = htons((unsigned short)atoi(port + 1));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, (struct sockaddr *)&api, sizeof api)) return 1;
    while (1) {
        send_all(fd, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: api\r\n\r\n");
        receive(fd);
        send_all(fd, "POST /2018-06-01/runtime/invocation/x/response HTTP/1.1\r\nHost: api\r\n"
                     "Content-Length: 18\r\n\r\n{\"statusCode\":200}");
        receive(fd);
    }
}
