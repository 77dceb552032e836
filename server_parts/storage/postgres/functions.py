"""What the database does by itself: the function that appends, in one call, and the one that looks for the fence.

Rows are locked in one order, whoever appends: the server's own, sessions by id, rooms by id, the counter. The row of a
room stays locked until the commit, so that its numbers become visible in their order: who reads above a number misses
none that is still being written. Everything is checked behind its lock; what was seen before may have changed since.
"""

from __future__ import annotations

from typing import Final

FENCED: Final = "CH001"
MOVED: Final = "CH002"
CHANNEL: Final = "chat"
HINTS: Final = 200  # rooms in one notification: below its limit of 8,000 bytes

# Messages are noted for receipts, and indexed for searches, in blocks of so many consecutive `n`.
BLOCK_BITS: Final = 10
BLOCK: Final = 1 << BLOCK_BITS

FENCE: Final = f"""
CREATE FUNCTION fence(server integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM servers WHERE id = server FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this server was declared dead' USING ERRCODE = '{FENCED}';
    END IF;
END $$"""

# A session that nobody has seen gets a row, so that there is something to lock: who takes it waits for the append that
# is under way, and fences later ones of whoever had it before.
TAKE: Final = """
CREATE FUNCTION take(key text, today integer) RETURNS TABLE (id bigint, accepted bigint, owner text, holder bigint)
LANGUAGE sql AS $$
    INSERT INTO sessions AS s (token, used, holder) VALUES (key, today, 1)
    ON CONFLICT (token) DO UPDATE SET holder = s.holder + 1
    RETURNING s.id, s.accepted, s.owner, s.holder
$$"""

# Arrays: `s_`, a session each, by id; `r_`, a room each, by id; `d_`, a run each; `t_`, a text each. `d_room` says
# which of the rooms, `t_run` which of the runs. `d_base` and `d_seq` are such that adding a text's place among all
# texts, from 1, makes its place in the room and its seq. `d_noted`: the block in which that session was noted last.
APPEND: Final = f"""
CREATE FUNCTION append(
    server integer,
    s_id bigint[], s_holder bigint[], s_expected bigint[], s_accepted bigint[],
    r_id integer[], r_size integer[],
    d_room integer[], d_base bigint[], d_ts double precision[], d_session bigint[], d_seq bigint[],
    d_start integer[], d_size integer[], d_noted bigint[],
    t_run integer[], t_sender text[], t_color text[], t_text text[])
RETURNS TABLE (lasts bigint[], top bigint) LANGUAGE plpgsql AS $$
DECLARE
    size integer := cardinality(t_run);
    went bigint[];
    low bigint;
BEGIN
    PERFORM 1 FROM servers WHERE id = server FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this server was declared dead' USING ERRCODE = '{FENCED}';
    END IF;

    IF cardinality(s_id) > 0 THEN
        IF cardinality(s_id) > 1 THEN
            PERFORM 1 FROM sessions WHERE id = ANY (s_id) ORDER BY id FOR NO KEY UPDATE;
        END IF;
        WITH raised AS (
            UPDATE sessions AS s SET accepted = u.accepted
            FROM unnest(s_id, s_holder, s_expected, s_accepted) AS u (id, holder, expected, accepted)
            WHERE s.id = u.id AND s.holder = u.holder AND s.accepted = u.expected RETURNING s.id)
        SELECT coalesce(array_agg(id), '{{}}') INTO went FROM raised;
        IF cardinality(went) < cardinality(s_id) THEN
            RAISE EXCEPTION 'a session has moved' USING ERRCODE = '{MOVED}',
                DETAIL = (SELECT string_agg(id::text, ' ') FROM unnest(s_id) AS id WHERE id <> ALL (went));
        END IF;
    END IF;

    top := 0;
    IF size > 0 THEN
        IF cardinality(r_id) > 1 THEN
            PERFORM 1 FROM rooms WHERE id = ANY (r_id) ORDER BY id FOR NO KEY UPDATE;
        END IF;
        WITH raised AS (
            UPDATE rooms AS r SET last = r.last + u.size FROM unnest(r_id, r_size) AS u (id, size)
            WHERE r.id = u.id RETURNING r.id, r.last)
        SELECT array_agg(last ORDER BY id) INTO lasts FROM raised;
        UPDATE counted SET n = n + size RETURNING n INTO top;
        low := top - size;

        INSERT INTO messages (n, room, id, ts, sender, color, text, session, seq)
        SELECT low + t.k, r_id[d_room[t.run]],
            lasts[d_room[t.run]] - r_size[d_room[t.run]] + d_base[t.run] + t.k,
            d_ts[t.run], t.sender, t.color, t.text, d_session[t.run], d_seq[t.run] + t.k
        FROM unnest(t_run, t_sender, t_color, t_text) WITH ORDINALITY AS t (run, sender, color, text, k);

        IF top >> {BLOCK_BITS} > (SELECT min(x) FROM unnest(d_noted) AS x) THEN
            INSERT INTO spans (session, seq, n)
            SELECT x.session, min(x.seq), min(x.n) FROM (
                SELECT d.session, d.seq + greatest(d.start + low, b << {BLOCK_BITS}) - low AS seq,
                    greatest(d.start + low, b << {BLOCK_BITS}) AS n, b
                FROM unnest(d_session, d_seq, d_start, d_size, d_noted) AS d (session, seq, start, size, noted),
                    generate_series((d.start + low) >> {BLOCK_BITS}, (d.start + low + d.size - 1) >> {BLOCK_BITS}) AS b
                WHERE b > d.noted AND d.seq + d.start > 0) AS x
            GROUP BY x.session, x.b
            ON CONFLICT (session, seq) DO UPDATE SET n = excluded.n;
        END IF;

        PERFORM pg_notify('{CHANNEL}', server || ' ' || string_agg(u.id || ':' || u.size || ':' || u.last, ' '))
        FROM unnest(r_id, r_size, lasts) WITH ORDINALITY AS u (id, size, last, k) GROUP BY (u.k - 1) / {HINTS};
    END IF;
    RETURN NEXT;
END $$"""
