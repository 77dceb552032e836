/* The load generator: thousands of clients of any line-based chat in one process, driven by commands on stdin.
 *
 * What a client says to get in, how it publishes and what tells that it is in comes from the driver, generator.py.
 * This file owns the loop and the commands; clients.c the sockets, link_clear.c or link_tls.c what their bytes are
 * wrapped in, rounds.c what is sent when and what it came to, stream.c whether what comes back is right.
 *
 *   server PORT | echo 0/1 | texts LENGTH | key HEX | receipt HEX | room BYTES
 *   client ROOM STREAM SENDER READY HELLO BEFORE BETWEEN AFTER
 *       (ROOM -1: its bytes are only counted; STREAM -1: nobody else gets the same bytes)
 *   connect FROM TO AT_ONCE SECONDS      -> connected clients= failed= seconds=
 *   sync SECONDS                         -> synced seconds= missing=
 *   flood WINDOW WARM_UP SECONDS         -> measuring, measured ..., drained ...
 *   drip RATE SECONDS                    -> the same
 *   stop FROM TO                         those read no more
 */
#define _GNU_SOURCE
#include "load.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, MOST_STREAMS = 1 << 16 };

struct client *clients;
struct room *rooms;
int client_count, room_count, poller, echo = 1;
uint16_t port;
uint64_t now, delivered, expected;

static struct stream *streams[MOST_STREAMS];

uint64_t read_clock(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* --- commands -------------------------------------------------------------------------------------------------- */

static struct bytes from_hex(const char *hex) {
    struct bytes bytes = {0};
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) add(&bytes, &(char){(char)byte}, 1);
    return bytes;
}

static void set_needle(char *needle, const char *hex) {
    struct bytes bytes = from_hex(hex);
    if (bytes.size > NEEDLE) bytes.size = NEEDLE;
    if (bytes.size) memcpy(needle, bytes.at, bytes.size);
    needle[bytes.size] = 0;
    free(bytes.at);
}

static void add_client(const char *line) {
    static char ready[256], hello[8192], before[1024], between[1024], after[1024];
    int room, stream, sender;
    int found = sscanf(line, "%d %d %d %255s %8191s %1023s %1023s %1023s", &room, &stream, &sender, ready, hello, before,
                       between, after);
    if (found != 8) {
        fprintf(stderr, "not understood: client %.200s\n", line);
        exit(1);
    }
    clients = realloc(clients, (size_t)(client_count + 1) * sizeof *clients);
    struct client *client = &clients[client_count];
    *client = (struct client){.fd = -1, .room = room, .sender = sender, .cursor.who = client_count};
    client_count++;
    set_needle(client->ready, ready);
    client->hello = from_hex(hello);
    client->before = from_hex(before);
    client->between = from_hex(between);
    client->after = from_hex(after);
    if (room < 0) return;
    if (stream >= 0 && !streams[stream]) streams[stream] = new_stream(rooms[room].ring);
    client->cursor.stream = stream >= 0 ? streams[stream] : new_solo(sender);
    rooms[room].members++;
    if (sender < 0) return;
    client->sent_at = calloc(REMEMBERED, sizeof *client->sent_at);
    rooms[room].senders[sender] = client_count - 1;
    rooms[room].sender_count++;
}

static void obey(const char *line) {
    int from, to, at_once;
    double first, second, third;
    size_t size;
    if (sscanf(line, "server %hu", &port) == 1 || sscanf(line, "echo %d", &echo) == 1) return;
    if (sscanf(line, "texts %zu", &form.length) == 1) return;
    if (!strncmp(line, "key ", 4)) set_needle(form.id_key, line + 4);
    if (!strncmp(line, "receipt ", 8)) set_needle(form.receipt, line + 8);
    if (!strncmp(line, "client ", 7)) add_client(line + 7);
    if (sscanf(line, "room %zu", &size) == 1) {
        rooms = realloc(rooms, (size_t)(room_count + 1) * sizeof *rooms);
        rooms[room_count++] = (struct room){.ring = size};
    }
    if (sscanf(line, "connect %d %d %d %lf", &from, &to, &at_once, &first) == 4)
        begin_connect(from, to, at_once, first);
    if (sscanf(line, "sync %lf", &first) == 1) begin_sync(first);
    if (sscanf(line, "flood %lf %lf %lf", &first, &second, &third) == 3) begin_round((uint64_t)first, 0, second, third);
    if (sscanf(line, "drip %lf %lf %lf", &first, &second, &third) == 3) begin_round(0, first, second, third);
    if (sscanf(line, "stop %d %d", &from, &to) == 2) stop_reading(from, to);
}

static void read_commands(void) {
    static struct bytes waiting;
    char data[1 << 16];
    ssize_t size = read(STDIN_FILENO, data, sizeof data);
    if (size <= 0) exit(0); /* the driver has gone */
    add(&waiting, data, (size_t)size);
    char *line = waiting.at, *end;
    while ((end = memchr(line, '\n', (size_t)(waiting.at + waiting.size - line)))) {
        *end = 0;
        obey(line);
        line = end + 1;
    }
    waiting.size -= (size_t)(line - waiting.at);
    memmove(waiting.at, line, waiting.size);
}

/* --- the loop -------------------------------------------------------------------------------------------------- */

enum { COMMANDS = 0x7fffffff, TIMER = 0x7ffffffe };

static void watch_number(int fd, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

static void handle(const struct epoll_event *event, int timer) {
    uint64_t ticks;
    if (event->data.u32 == COMMANDS) {
        read_commands();
    } else if (event->data.u32 == TIMER) {
        if (read(timer, &ticks, sizeof ticks) < 0) return;
    } else {
        handle_client(&clients[event->data.u32], event->events);
    }
}

static void raise_limit(void) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

int main(void) {
    raise_limit();
    setlinebuf(stdout);
    signal(SIGINT, SIG_IGN); /* Ctrl+C is the driver's to handle */
    signal(SIGPIPE, SIG_IGN); /* a broken connection shows when it is read */
    poller = epoll_create1(0);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    struct itimerspec often = {.it_interval.tv_nsec = 1000000, .it_value.tv_nsec = 1000000};
    timerfd_settime(timer, 0, &often, NULL);
    watch_number(STDIN_FILENO, COMMANDS);
    watch_number(timer, TIMER);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(poller, events, EVENTS, -1);
        now = read_clock();
        for (int i = 0; i < count; i++) handle(&events[i], timer);
        refill_rooms();
        now = read_clock();
        look_after_clients();
        look_after_round();
    }
}
