/* The clients' sockets: connecting, saying hello, publishing, and handing what comes back to stream.c. */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ = 1 << 17, PER_ADDRESS = 4000 };

static const char SYNC[] = "^sync";

uint64_t looked_at, ignored;

static int unsynced;
static uint64_t sync_began, sync_until;

/* --- sending --------------------------------------------------------------------------------------------------- */

static void watch(struct client *client, int how, uint32_t what) {
    struct epoll_event event = {.events = what, .data.u32 = (uint32_t)(client - clients)};
    epoll_ctl(poller, how, client->fd, &event);
}

void add(struct bytes *bytes, const void *from, size_t size) {
    if (bytes->size + size > bytes->room) {
        bytes->room = 2 * (bytes->size + size);
        bytes->at = realloc(bytes->at, bytes->room);
    }
    memcpy(bytes->at + bytes->size, from, size);
    bytes->size += size;
}

static void flush(struct client *client) {
    struct bytes *out = &client->out;
    if (!out->size || client->state == CLOSED) return;
    ssize_t sent = link_send(client->link, out->at, out->size);
    if (sent <= 0) sent = 0; /* a broken connection shows when it is read */
    out->size -= (size_t)sent;
    memmove(out->at, out->at + sent, out->size);
    watch(client, EPOLL_CTL_MOD, out->size ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void say(struct client *client, const char *text) {
    char count[24];
    add(&client->out, client->before.at, client->before.size);
    add(&client->out, text, form.length);
    add(&client->out, client->between.at, client->between.size);
    ++client->published;
    if (client->after.size) { /* else this protocol does not count */
        add(&client->out, count, (size_t)sprintf(count, "%lu", client->published));
        add(&client->out, client->after.at, client->after.size);
    }
}

void publish(struct room *room, struct client *sender, uint64_t times) {
    char text[1024];
    for (uint64_t i = 0; i < times; i++) {
        sender->sent_at[sender->own % REMEMBERED] = read_clock();
        write_text(text, (unsigned)sender->sender, (uint32_t)sender->own++);
        say(sender, text);
    }
    room->sent += times;
    expected += times * (uint64_t)room->hearers;
    flush(sender);
}

/* --- receiving ------------------------------------------------------------------------------------------------- */

static void heard(void *context, const struct delivery *delivery) {
    struct room *room = &rooms[((struct client *)context)->room];
    room->delivered++;
    delivered++;
    uint64_t sent = clients[room->senders[delivery->sender]].sent_at[delivery->number % REMEMBERED];
    note_latency(now > sent ? now - sent : 0);
}

/* Where what comes after `needle` begins, or NULL; the needle may have begun in earlier data. */
static char *find(struct client *client, const char *needle, char *data, size_t size) {
    char seam[2 * NEEDLE + 1];
    size_t length = strlen(needle), before = strlen(client->tail), first = size < length ? size : length;
    if (!length) return data;
    memcpy(seam, client->tail, before);
    memcpy(seam + before, data, first);
    char *found = memmem(seam, before + first, needle, length);
    if (found) return data + (found + length - seam - (ptrdiff_t)before);
    if ((found = memmem(data, size, needle, length))) return found + length;
    size_t keep = before + first < length ? before + first : length - 1;
    const char *end = size >= keep ? data + size : seam + before + first;
    memmove(client->tail, end - keep, keep);
    client->tail[keep] = 0;
    return NULL;
}

static int greeted, connect_next, connect_to, connect_left, connect_wanted;

static int dirty[1 << 16], dirty_count;

int next_dirty_room(void) {
    if (!dirty_count) return -1;
    int number = dirty[--dirty_count];
    rooms[number].dirty = 0;
    return number;
}

static void go_live(struct client *client) {
    client->state = LIVE;
    unsynced--;
}

static void connect_more(void);

static void greet(struct client *client) {
    client->state = client->room < 0 ? IGNORED : UNSYNCED;
    client->tail[0] = 0;
    greeted++;
    connect_left--;
    connect_more();
}

static void receive_data(struct client *client, char *data, size_t size) {
    const char *end = data + size;
    if (client->state == GREETING) {
        if (!(data = find(client, client->ready, data, size))) return;
        greet(client);
    }
    if (client->state == UNSYNCED) {
        if (!(data = find(client, SYNC, data, (size_t)(end - data)))) return;
        client->state = SYNCING;
    }
    if (client->state == SYNCING) {
        char *newline = memchr(data, '\n', (size_t)(end - data));
        if (!newline) return;
        data = newline + 1;
        go_live(client);
    }
    if (client->state == LIVE && data < end) {
        struct room *room = &rooms[client->room];
        follow(&client->cursor, data, (size_t)(end - data), heard, client);
        if (!room->dirty) dirty[dirty_count++] = client->room;
        room->dirty = 1;
    }
}

static void lose(struct client *client) {
    if (client->state >= CONNECTING && client->state <= GREETING) {
        connect_left--;
        connect_more();
    }
    if (client->state >= UNSYNCED && client->state <= LIVE)
        complain(&tally.closed, "receiver %d was disconnected", client->cursor.who);
    if (client->link) link_close(client->link);
    client->link = NULL;
    close(client->fd);
    client->state = CLOSED;
}

static ssize_t receive_some(struct client *client) {
    static char buffer[HEADROOM + READ];
    char *data = buffer + HEADROOM;
    uint64_t *count = client->state == IGNORED ? &ignored : &looked_at;
    ssize_t size = count == &ignored ? link_skip(client->link, READ) : link_receive(client->link, data, READ, count);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    now = read_clock();
    if (size <= 0)
        lose(client);
    else if (count == &ignored)
        ignored += (uint64_t)size;
    else
        receive_data(client, data, (size_t)size);
    return size;
}

static void receive(struct client *client) {
    while (receive_some(client) > 0 && client->state != IGNORED && link_holds_more(client->link));
}

/* --- connecting ------------------------------------------------------------------------------------------------ */

static uint64_t connect_began, connect_until;

static void start_connect(struct client *client) {
    int number = (int)(client - clients), on = 1;
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons(port)};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)(number / PER_ADDRESS));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    client->state = CONNECTING;
    setsockopt(client->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    int failed = client->fd < 0 || bind(client->fd, (struct sockaddr *)&from, sizeof from);
    if (!failed) failed = connect(client->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS;
    if (failed) {
        fprintf(stderr, "client %d cannot connect: %s\n", number, strerror(errno));
        lose(client);
        return;
    }
    client->link = link_open(client->fd);
    watch(client, EPOLL_CTL_ADD, EPOLLOUT);
}

static int connect_at_once;

static void connect_more(void) {
    static int inside; /* a failure in here must not come back in here */
    if (inside) return;
    inside = 1;
    while (connect_next < connect_to && connect_left - (connect_to - connect_next) < connect_at_once)
        start_connect(&clients[connect_next++]);
    inside = 0;
}

static void say_hello(struct client *client) {
    client->state = GREETING;
    add(&client->out, client->hello.at, client->hello.size);
    flush(client);
}

static void shake_hands(struct client *client) {
    if (client->state == CONNECTING) watch(client, EPOLL_CTL_MOD, EPOLLIN);
    client->state = SHAKING;
    int done = link_shake_hands(client->link);
    if (done < 0) lose(client);
    if (done > 0) say_hello(client);
}

void begin_connect(int from, int to, int at_once, double seconds) {
    greeted = 0;
    connect_next = from;
    connect_to = to;
    connect_left = connect_wanted = to - from;
    connect_at_once = at_once;
    connect_began = now;
    connect_until = now + (uint64_t)(seconds * 1e9);
    connect_more();
}

/* --- syncing: the first message of each room, behind which every receiver is checked ----------------------------- */

void begin_sync(double seconds) {
    char text[1024];
    memset(text, ' ', sizeof text);
    memcpy(text, SYNC, sizeof SYNC - 1);
    text[form.length - 1] = '.';
    sync_began = now;
    sync_until = now + (uint64_t)(seconds * 1e9);
    unsynced = 0;
    for (int i = 0; i < client_count; i++) unsynced += clients[i].state == UNSYNCED;
    for (int i = 0; i < room_count; i++) {
        struct client *first = &clients[rooms[i].senders[0]];
        rooms[i].hearers = rooms[i].members - !echo;
        if (first->state != UNSYNCED) continue;
        if (!echo) go_live(first); /* its own sync will not come back */
        say(first, text);
        flush(first);
    }
}

void stop_reading(int from, int to) {
    int little = 1 << 16; /* else the kernel takes megabytes in their place */
    for (int i = from; i < to; i++) {
        if (clients[i].state != LIVE) continue;
        clients[i].state = STOPPED;
        setsockopt(clients[i].fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        rooms[clients[i].room].hearers--;
        rooms[clients[i].room].delivered -= clients[i].cursor.received;
        delivered -= clients[i].cursor.received;
        expected -= clients[i].cursor.received;
        epoll_ctl(poller, EPOLL_CTL_DEL, clients[i].fd, NULL);
    }
}

void look_after_clients(void) {
    if (connect_until && (!connect_left || now >= connect_until)) {
        double seconds = (double)(now - connect_began) / 1e9;
        printf("connected clients=%d failed=%d seconds=%.4f\n", greeted, connect_wanted - greeted, seconds);
        connect_until = 0;
    }
    if (sync_until && (!unsynced || now >= sync_until)) {
        printf("synced seconds=%.4f missing=%d\n", (double)(now - sync_began) / 1e9, unsynced);
        sync_until = 0;
    }
}

void handle_client(struct client *client, uint32_t events) {
    if (client->state == CONNECTING || client->state == SHAKING)
        shake_hands(client);
    else if (events & EPOLLOUT)
        flush(client);
    int open = client->state >= GREETING && client->state <= IGNORED;
    if (open && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(client);
}
