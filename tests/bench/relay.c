/* The upper bound: what a server could reach that only copies.
 *
 * Everything that arrived in one turn goes out as one block, one send per client. Whole lines are kept together;
 * otherwise nothing is looked at, stored, counted or named.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = 1 << 16, EVENTS = 512, MOST = 65536 };

struct block { char *bytes; size_t size, room; };
struct client { int fd; struct block tail, backlog; };

static struct client *clients[MOST];
static int client_count, poller;
static struct block turn;

static void add(struct block *block, const char *bytes, size_t size) {
    if (block->size + size > block->room) {
        block->room = 2 * (block->size + size);
        block->bytes = realloc(block->bytes, block->room);
    }
    memcpy(block->bytes + block->size, bytes, size);
    block->size += size;
}

static void watch(struct client *client, int how, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = client};
    epoll_ctl(poller, how, client->fd, &event);
}

static void keep(struct client *client, const char *bytes, size_t size) {
    if (!client->backlog.size) watch(client, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    add(&client->backlog, bytes, size);
}

static void offer(struct client *client, const char *bytes, size_t size) {
    if (client->backlog.size) {
        keep(client, bytes, size);
        return;
    }
    ssize_t sent = send(client->fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) sent = 0;
    if ((size_t)sent < size) keep(client, bytes + sent, size - (size_t)sent);
}

static void drain(struct client *client) {
    struct block *backlog = &client->backlog;
    ssize_t sent = send(client->fd, backlog->bytes, backlog->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;
    backlog->size -= (size_t)sent;
    memmove(backlog->bytes, backlog->bytes + sent, backlog->size);
    if (!backlog->size) watch(client, EPOLL_CTL_MOD, EPOLLIN);
}

static void drop(struct client *client) {
    for (int i = 0; i < client_count; i++)
        if (clients[i] == client) clients[i] = clients[--client_count];
    close(client->fd); /* the record itself is let go of with the process: an event of this turn may still name it */
    client->fd = -1;
}

static void receive(struct client *client) {
    static char data[READ];
    ssize_t size = recv(client->fd, data, sizeof data, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
        drop(client);
        return;
    }
    const char *last = memrchr(data, '\n', (size_t)size);
    size_t whole = last ? (size_t)(last + 1 - data) : 0;
    if (whole) {
        add(&turn, client->tail.bytes, client->tail.size);
        add(&turn, data, whole);
        client->tail.size = 0;
    }
    add(&client->tail, data + whole, (size_t)size - whole);
}

static void welcome(int listener) {
    int fd = accept(listener, NULL, NULL), on = 1;
    if (fd < 0 || client_count == MOST) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct client *client = calloc(1, sizeof *client);
    client->fd = fd;
    clients[client_count++] = client;
    watch(client, EPOLL_CTL_ADD, EPOLLIN);
    offer(client, "* hello client *\n", 17);
}

static int listen_on(uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("relay");
        exit(1);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    return listener;
}

static void handle(const struct epoll_event *event, int listener) {
    struct client *client = event->data.ptr;
    if (!client) {
        welcome(listener);
        return;
    }
    if (client->fd >= 0 && event->events & EPOLLOUT) drain(client);
    if (client->fd >= 0 && event->events & ~(uint32_t)EPOLLOUT) receive(client);
}

int main(int argc, char **argv) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    poller = epoll_create1(0);
    int listener = listen_on((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < count; i++) handle(&events[i], listener);
        for (int i = 0; turn.size && i < client_count; i++) offer(clients[i], turn.bytes, turn.size);
        turn.size = 0;
    }
}
