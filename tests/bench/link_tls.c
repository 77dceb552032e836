/* A link over TLS, by OpenSSL. It takes whatever certificate it is shown: who the server is does not matter here. */
#define _GNU_SOURCE
#include "link.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { AHEAD = 1 << 17 }; /* taken from the socket at once, where OpenSSL's own way is two calls for each record */

struct link {
    int fd;
    SSL *tls;
};

static SSL_CTX *make_context(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context) {
        fprintf(stderr, "OpenSSL cannot be used\n");
        exit(1);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_default_read_buffer_len(context, AHEAD);
    return context;
}

struct link *link_open(int fd) {
    static SSL_CTX *context;
    if (!context) context = make_context();
    struct link *link = malloc(sizeof *link);
    *link = (struct link){.fd = fd, .tls = SSL_new(context)};
    SSL_set_fd(link->tls, fd);
    SSL_set_connect_state(link->tls);
    return link;
}

void link_close(struct link *link) {
    SSL_free(link->tls);
    free(link);
}

/* The result of a call that did not succeed, as recv() would tell it. */
static ssize_t failure(struct link *link, int result) {
    int why = SSL_get_error(link->tls, result);
    ERR_clear_error(); /* or the next result would be judged by this one */
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    errno = why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    return -1;
}

int link_shake_hands(struct link *link) {
    int result = SSL_do_handshake(link->tls);
    if (result == 1) return 1;
    return failure(link, result) < 0 && errno == EAGAIN ? 0 : -1;
}

ssize_t link_send(struct link *link, const void *data, size_t size) {
    int sent = SSL_write(link->tls, data, (int)size);
    return sent > 0 ? sent : failure(link, sent);
}

static uint64_t wire_bytes(struct link *link) { return BIO_number_read(SSL_get_rbio(link->tls)); }

/* As many records as there are and fit, so that their lines are looked at together, as they are without TLS. */
ssize_t link_receive(struct link *link, void *data, size_t size, uint64_t *wire) {
    uint64_t before = wire_bytes(link);
    size_t got = 0;
    int result = 1;
    while (got < size && (result = SSL_read(link->tls, (char *)data + got, (int)(size - got))) > 0) {
        got += (size_t)result;
        if (!SSL_has_pending(link->tls)) break;
    }
    *wire += wire_bytes(link) - before;
    return got ? (ssize_t)got : failure(link, result);
}

int link_holds_more(const struct link *link) { return SSL_has_pending(link->tls); }

ssize_t link_skip(struct link *link, size_t most) { return recv(link->fd, NULL, most, MSG_DONTWAIT | MSG_TRUNC); }
