/* A link over WebSocket: each line is a text message of its own, without its newline. Messages are masked with zeros,
 * which costs the server as much as any other mask. */
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST_HEAD = 14, SHORT = 126, LONG = 127 };

static const char REQUEST[] =
    "GET /chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char ACCEPTED[] = "HTTP/1.1 101 ";

struct link {
    int fd, has_asked;
    char answer[1024]; /* to the request */
    size_t answered;
    unsigned char head[4]; /* of the frame that is arriving */
    size_t head_size;
    uint64_t left; /* of its payload */
};

struct link *link_open(int fd) {
    struct link *link = calloc(1, sizeof *link);
    link->fd = fd;
    return link;
}

void link_close(struct link *link) { free(link); }

int link_shake_hands(struct link *link) {
    if (!link->has_asked) {
        ssize_t sent = send(link->fd, REQUEST, sizeof REQUEST - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent != (ssize_t)sizeof REQUEST - 1) return sent < 0 && errno == EAGAIN ? 0 : -1;
        link->has_asked = 1;
    }
    while (link->answered < sizeof link->answer - 1) { /* byte by byte: what comes behind it is another matter */
        ssize_t size = recv(link->fd, link->answer + link->answered, 1, MSG_DONTWAIT);
        if (size <= 0) return size < 0 && errno == EAGAIN ? 0 : -1;
        link->answered++;
        if (link->answered >= 4 && !memcmp(link->answer + link->answered - 4, "\r\n\r\n", 4))
            return strncmp(link->answer, ACCEPTED, sizeof ACCEPTED - 1) ? -1 : 1;
    }
    return -1;
}

/* A frame that has begun must go out to its end, so this may wait; it does only if the socket's buffer is full. */
static int send_all(struct link *link, const unsigned char *data, size_t size) {
    while (size) {
        ssize_t sent = send(link->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return -1;
        if (sent < 0) {
            struct pollfd writable = {.fd = link->fd, .events = POLLOUT};
            poll(&writable, 1, -1);
            continue;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return 0;
}

ssize_t link_send(struct link *link, const void *data, size_t size) {
    static unsigned char frames[1 << 20];
    const char *line = data, *end = line + size, *newline;
    size_t used = 0;
    while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
        size_t length = (size_t)(newline - line);
        if (used + length + MOST_HEAD > sizeof frames) break;
        frames[used++] = 0x81;
        if (length < SHORT) {
            frames[used++] = (unsigned char)(0x80 | length);
        } else {
            frames[used++] = 0x80 | SHORT;
            frames[used++] = (unsigned char)(length >> 8);
            frames[used++] = (unsigned char)length;
        }
        memset(frames + used, 0, 4);
        memcpy(frames + used + 4, line, length);
        used += 4 + length;
        line = newline + 1;
    }
    if (send_all(link, frames, used)) return -1;
    return line - (const char *)data;
}

/* Payloads with a newline behind each take less room than their frames, but for one whose head came before. */
ssize_t link_receive(struct link *link, void *data, size_t size, uint64_t *wire) {
    static char frames[1 << 18];
    ssize_t received = recv(link->fd, frames, size - 1 < sizeof frames ? size - 1 : sizeof frames, MSG_DONTWAIT);
    if (received <= 0) return received;
    *wire += (uint64_t)received;
    char *at = frames, *end = at + received, *to = data;
    while (at < end) {
        if (link->left) {
            size_t part = (size_t)(end - at) < link->left ? (size_t)(end - at) : (size_t)link->left;
            memcpy(to, at, part);
            to += part;
            at += part;
            if (!(link->left -= part)) *to++ = '\n';
            continue;
        }
        link->head[link->head_size++] = (unsigned char)*at++;
        size_t wanted = link->head_size > 1 && link->head[1] == SHORT ? 4 : 2;
        if (link->head_size < wanted) continue;
        link->left = wanted == 2 ? link->head[1] : (size_t)(link->head[2] << 8 | link->head[3]);
        link->head_size = 0;
    }
    if (to > (char *)data) return to - (char *)data;
    errno = EAGAIN; /* only a part of a head has come */
    return -1;
}

int link_holds_more(const struct link *link) { return link->fd < 0; }

ssize_t link_skip(struct link *link, size_t most) { return recv(link->fd, NULL, most, MSG_DONTWAIT | MSG_TRUNC); }
