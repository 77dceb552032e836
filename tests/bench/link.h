/* What the bytes of a connection are wrapped in on the wire: nothing (link_clear.c), or TLS (link_tls.c).
 * A program is linked with one of the two. Nothing here ever waits. */
#ifndef LINK_H
#define LINK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct link;
struct link *link_open(int fd);
void link_close(struct link *link); /* the descriptor stays open */

int link_shake_hands(struct link *link); /* 1: done; 0: call again when there is something to read; -1: refused */

/* As send() and recv(), EAGAIN included; `wire` grows by what arrived on the wire for it. */
ssize_t link_send(struct link *link, const void *data, size_t size);
ssize_t link_receive(struct link *link, void *data, size_t size, uint64_t *wire);
int link_holds_more(const struct link *link); /* what was taken from the socket, and not received yet */

/* Throw away what has arrived, unread and still wrapped; how much that was. The link can never receive again. */
ssize_t link_skip(struct link *link, size_t most);

#endif
