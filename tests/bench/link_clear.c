/* A link that adds nothing. */
#define _GNU_SOURCE
#include "link.h"

#include <stdlib.h>
#include <sys/socket.h>

struct link { int fd; };

struct link *link_open(int fd) {
    struct link *link = malloc(sizeof *link);
    link->fd = fd;
    return link;
}

void link_close(struct link *link) { free(link); }

int link_shake_hands(struct link *link) { return link->fd >= 0; }

ssize_t link_send(struct link *link, const void *data, size_t size) {
    return send(link->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t link_receive(struct link *link, void *data, size_t size, uint64_t *wire) {
    ssize_t received = recv(link->fd, data, size, MSG_DONTWAIT);
    if (received > 0) *wire += (uint64_t)received;
    return received;
}

int link_holds_more(const struct link *link) { return link->fd < 0; }

ssize_t link_skip(struct link *link, size_t most) { return recv(link->fd, NULL, most, MSG_DONTWAIT | MSG_TRUNC); }
