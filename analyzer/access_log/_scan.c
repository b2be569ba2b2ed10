/* The quick way through a block of access lines: bytes in, columns of numbers out.

   scan(block, join) -> (rows, doubts, shapes)

   Only a plain line becomes a row; every other line is a doubt, which the caller shows to exact.py, the one
   definition of what a line says. So the grammar here is a strict subset of that one's. A plain line is

     text   [time] "method path protocol" status "failure" n n n n "forwarded" "agent" "id" "authority" "host" tail
            with exactly these 14 quotes, three words in the request, numbers or - for n, and four addresses
            and two names in the tail; what lies between quotes may be anything, save a lone space and the end
            of a time stamp, from which a second reading could begin
     JSON   {"key":value,...} without a blank, of Istio's own keys, each at most once, with strings that need
            no escape, whole numbers and null for values

   The parts of a line that decide where it is counted, and that recur (status, cluster, host, addresses without
   ports, route), are not judged here at all. They are put together as the line's shape; the caller has exact.py
   judge the first line of each shape in a block, and its answer holds for all of them. What may differ within
   a shape (time, request, headers, numbers, ports) is checked here, byte by byte, in every line.

   Nothing is kept between calls, no Python object is touched while lines are read, and the interpreter's lock
   is released: blocks can be scanned in several threads. tests/test_access_log_quick.py and
   bench/differential.py hold each row against exact.py. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Goes up with every change of what is read or given back, as native.EDITION does: an extension that was built
   from another source than the one at hand is not used. */
enum { EDITION = 4 };

typedef unsigned char byte;

typedef struct {
    const byte *start, *end;
} Span;

static size_t size_of(Span text) { return (size_t)(text.end - text.start); }

static bool is(Span text, const char *word)
{
    size_t size = strlen(word);
    return size_of(text) == size && memcmp(text.start, word, size) == 0;
}

static bool begins(Span text, const char *word)
{
    size_t size = strlen(word);
    return size_of(text) >= size && memcmp(text.start, word, size) == 0;
}

static bool ends(Span text, const char *word)
{
    size_t size = strlen(word);
    return size_of(text) >= size && memcmp(text.end - size, word, size) == 0;
}

#ifdef __SSE2__
/* Which of the 16 bytes from p on are c: bit i is byte i. */
static inline uint64_t among_16(const byte *p, byte c)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8((char)c)));
}

/* Which of them are below 0x20. */
static inline uint64_t controls_16(const byte *p)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes));
}

static inline uint64_t among_64(const byte *p, byte c)
{
    return among_16(p, c) | among_16(p + 16, c) << 16 | among_16(p + 32, c) << 32 | among_16(p + 48, c) << 48;
}
#endif

/* Up to the first stop, or to the end: words are short, and a call of memchr takes longer than most of them. */
#ifdef __SSE2__
static inline Span until(Span text, byte stop)
{
    const byte *p = text.start;
    for (; text.end - p >= 16; p += 16) {
        uint64_t stops = among_16(p, stop);
        if (stops)
            return (Span){text.start, p + __builtin_ctzll(stops)};
    }
    while (p < text.end && *p != stop)
        p++;
    return (Span){text.start, p};
}
#else
static Span until(Span text, byte stop)
{
    const byte *found = memchr(text.start, stop, size_of(text));
    return (Span){text.start, found ? found : text.end};
}
#endif

static bool is_digit(byte c) { return c >= '0' && c <= '9'; }

/* What a line of JSON may tell. */
enum Key {
    START_TIME, CODE, METHOD, PATH, PROTOCOL, FLAGS, RECEIVED, SENT, DURATION, SERVICE_TIME, REQUEST_ID, HOST, CLUSTER,
    LOCAL, LISTENER, REMOTE, SERVER_NAME, ROUTE, OTHER_TEXT, KEYS = 24
};

/* ---- what grows ---- */

typedef struct {
    void *items;
    size_t used, room; /* in items */
} Buffer;

/* Room for so many more items; NULL when there is no memory. */
static void *more(Buffer *buffer, size_t count, size_t item)
{
    if (buffer->room - buffer->used < count) {
        size_t room = 2 * buffer->room + count + 64;
        void *items = room > SIZE_MAX / 2 / item ? NULL : PyMem_RawRealloc(buffer->items, room * item);
        if (items == NULL)
            return NULL;
        buffer->items = items;
        buffer->room = room;
    }
    void *at = (byte *)buffer->items + buffer->used * item;
    buffer->used += count;
    return at;
}

typedef struct {
    int64_t at, shape, second, duration, received, sent, request;
} Row;

enum { COLUMNS = sizeof(Row) / sizeof(int64_t) };

typedef struct {
    int64_t number, at, size;
} Doubt;

typedef struct {
    uint64_t hash;
    size_t text, size; /* where its bytes lie in the scan's texts */
    int64_t at, line;  /* the first line of this shape: where it begins, and its size */
} Shape;

enum { LONGEST_SHAPE = 2048, FIRST_SLOTS = 256 };

typedef struct {
    Buffer rows, doubts, shapes, texts;
    uint32_t *slots; /* a hash table: numbers of shapes, from 1; 0 where free */
    size_t slot_count;
    byte shape[LONGEST_SHAPE]; /* the shape of the line at hand */
    size_t shape_size;
    byte stamp[19]; /* the last second seen, as text */
    int64_t second;
    int order[KEYS]; /* the keys of the last line of JSON */
    bool join, out_of_memory;
} Scan;

/* ---- shapes ---- */

/* Add to the shape of the line at hand; one that is too long is refused by number_of_shape. */
static void put(Scan *scan, Span text, byte mark)
{
    size_t size = size_of(text);
    if (scan->shape_size + size + 1 > LONGEST_SHAPE) {
        scan->shape_size = LONGEST_SHAPE + 1;
        return;
    }
    memcpy(scan->shape + scan->shape_size, text.start, size);
    scan->shape[scan->shape_size + size] = mark;
    scan->shape_size += size + 1;
}

/* Two products at a time, neither of which waits for the other. */
static uint64_t hash_of(const byte *text, size_t size)
{
    const uint64_t odd = 0x9E3779B97F4A7C15u;
    uint64_t one = size, two = odd;
    for (; size >= 16; text += 16, size -= 16) {
        uint64_t part[2];
        memcpy(part, text, 16);
        one = (one ^ part[0]) * odd;
        two = (two ^ part[1]) * odd;
        one ^= one >> 29;
        two ^= two >> 29;
    }
    uint64_t last[2] = {0, 0};
    memcpy(last, text, size);
    one = (one ^ last[0]) * odd;
    two = (two ^ last[1]) * odd;
    one ^= two ^ two >> 31;
    return one ^ one >> 32;
}

static bool grow_slots(Scan *scan)
{
    size_t count = scan->slot_count ? 2 * scan->slot_count : FIRST_SLOTS;
    uint32_t *slots = PyMem_RawCalloc(count, sizeof *slots);
    if (slots == NULL)
        return false;
    const Shape *shapes = scan->shapes.items;
    for (size_t number = 0; number < scan->shapes.used; number++) {
        size_t slot = shapes[number].hash & (count - 1);
        while (slots[slot])
            slot = (slot + 1) & (count - 1);
        slots[slot] = (uint32_t)number + 1;
    }
    PyMem_RawFree(scan->slots);
    scan->slots = slots;
    scan->slot_count = count;
    return true;
}

/* The number of the shape at hand, -1 if it is refused. */
static int64_t number_of_shape(Scan *scan, int64_t at, int64_t line)
{
    size_t size = scan->shape_size;
    if (size > LONGEST_SHAPE)
        return -1;
    if (2 * scan->shapes.used >= scan->slot_count && !grow_slots(scan)) {
        scan->out_of_memory = true;
        return -1;
    }
    uint64_t hash = hash_of(scan->shape, size);
    size_t slot = hash & (scan->slot_count - 1);
    for (; scan->slots[slot]; slot = (slot + 1) & (scan->slot_count - 1)) {
        const Shape *known = (const Shape *)scan->shapes.items + scan->slots[slot] - 1;
        if (known->hash == hash && known->size == size &&
            memcmp((const byte *)scan->texts.items + known->text, scan->shape, size) == 0)
            return scan->slots[slot] - 1;
    }
    size_t text = scan->texts.used;
    byte *copy = more(&scan->texts, size, 1);
    Shape *fresh = copy && scan->shapes.used < UINT32_MAX ? more(&scan->shapes, 1, sizeof *fresh) : NULL;
    if (fresh == NULL) {
        scan->out_of_memory = true;
        return -1;
    }
    memcpy(copy, scan->shape, size);
    *fresh = (Shape){hash, text, size, at, line};
    scan->slots[slot] = (uint32_t)scan->shapes.used;
    return (int64_t)scan->shapes.used - 1;
}

/* ---- values ---- */

/* One to fifteen digits, or - for -1. */
static bool number(Span text, int64_t *value)
{
    size_t size = size_of(text);
    if (size == 1 && *text.start == '-') {
        *value = -1;
        return true;
    }
    if (size < 1 || size > 15)
        return false;
    int64_t sum = 0;
    for (const byte *p = text.start; p < text.end; p++) {
        if (!is_digit(*p))
            return false;
        sum = 10 * sum + (*p - '0');
    }
    *value = sum;
    return true;
}

/* A number with a space behind it, taken off the text. */
static inline bool next_number(Span *text, int64_t *value)
{
    const byte *p = text->start;
    int64_t sum = 0;
    if (p < text->end && *p == '-') {
        sum = -1;
        p++;
    } else {
        for (; p < text->end && is_digit(*p); p++) {
            if (p - text->start == 15)
                return false;
            sum = 10 * sum + (*p - '0');
        }
        if (p == text->start)
            return false;
    }
    if (p == text->end || *p != ' ')
        return false;
    text->start = p + 1;
    *value = sum;
    return true;
}

static bool digits(const byte *text, size_t size, int *value)
{
    int sum = 0;
    for (size_t i = 0; i < size; i++) {
        if (!is_digit(text[i]))
            return false;
        sum = 10 * sum + (text[i] - '0');
    }
    *value = sum;
    return true;
}

/* Unix time of 2022-02-16T17:56:20; days by the civil calendar, counted from March so that leap days come last. */
static bool unix_second(const byte *stamp, int64_t *second)
{
    int year, month, day, hour, minute, rest;
    if (!digits(stamp, 4, &year) || stamp[4] != '-' || !digits(stamp + 5, 2, &month) || stamp[7] != '-' ||
        !digits(stamp + 8, 2, &day) || stamp[10] != 'T' || !digits(stamp + 11, 2, &hour) || stamp[13] != ':' ||
        !digits(stamp + 14, 2, &minute) || stamp[16] != ':' || !digits(stamp + 17, 2, &rest))
        return false;
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > longest[month - 1] ||
        (month == 2 && day == 29 && !leap) || hour > 23 || minute > 59 || rest > 59)
        return false;
    int64_t y = year - (month < 3), m = (month + 9) % 12;
    int64_t days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
    *second = 86400 * days + 3600 * hour + 60 * minute + rest;
    return true;
}

/* 2022-02-16T17:56:20.030Z; lines of one second share the work. */
static bool time_of(Scan *scan, const byte *stamp, int64_t *second)
{
    int ms;
    if (stamp[19] != '.' || !digits(stamp + 20, 3, &ms) || stamp[23] != 'Z')
        return false;
    if (memcmp(stamp, scan->stamp, sizeof scan->stamp) != 0) {
        if (!unix_second(stamp, &scan->second)) {
            scan->stamp[0] = 0;
            return false;
        }
        memcpy(scan->stamp, stamp, sizeof scan->stamp);
    }
    *second = scan->second;
    return true;
}

/* The request id as a number modulo a prime, as fingerprint.py has it: PRIME is 2^63 - SHORT. */
static int64_t fingerprint(Span text)
{
    const uint64_t SHORT = 348403967005u, PRIME = ((uint64_t)1 << 63) - SHORT;
    uint64_t rest = 0;
    while (text.start < text.end) {
        size_t size = size_of(text) % 8 ? size_of(text) % 8 : 8;
        uint64_t part = 0;
        for (size_t i = 0; i < size; i++)
            part = part << 8 | text.start[i];
        text.start += size;
        unsigned __int128 sum = part;
        if (size == 8)
            sum += (unsigned __int128)rest * (2 * SHORT); /* 2^64 is 2 * SHORT, modulo PRIME */
        else
            sum += (unsigned __int128)rest << (8 * size);
        while (sum >> 63)
            sum = (sum >> 63) * SHORT + (sum & (((uint64_t)1 << 63) - 1));
        rest = (uint64_t)sum;
        if (rest >= PRIME)
            rest -= PRIME;
    }
    return rest ? (int64_t)rest : 1;
}

/* Where the port begins behind the address's last colon: one to five digits; NULL where none does. */
static const byte *port_of(Span text)
{
    const byte *port = text.end;
#ifdef __SSE2__
    if (size_of(text) >= 8) { /* the last eight bytes at once: how long a port is, is hard to predict */
        __m128i bytes = _mm_loadl_epi64((const __m128i *)(const void *)(text.end - 8));
        __m128i values = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
        __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(values, _mm_set1_epi8(9)), values);
        unsigned others = ~(unsigned)_mm_movemask_epi8(digit) & 0xFF;
        port = others ? text.end - 8 + (32 - __builtin_clz(others)) : text.start;
    } else
#endif
        while (port > text.start && text.end - port < 6 && is_digit(port[-1]))
            port--;
    size_t size = (size_t)(text.end - port);
    return size >= 1 && size <= 5 && port > text.start && port[-1] == ':' ? port : NULL;
}

/* An address as Envoy writes one; what follows its last colon is left out of the shape, save that it is 0. */
static bool put_address(Scan *scan, Span text, bool wanted)
{
    const byte *port = port_of(text);
    if (port) {
        if (wanted)
            put(scan, (Span){text.start, port - 1}, text.end - port == 1 && *port == '0' ? '0' : ':');
        return true;
    }
    if (wanted)
        put(scan, text, '\n');
    return is(text, "-") || begins(text, "envoy://") ||
           (size_of(text) > 1 && (*text.start == '/' || *text.start == '@'));
}

/* Whether the cluster leads into the pod that writes the line: keys.INBOUND. */
static bool is_inbound(Span cluster) { return begins(cluster, "inbound") || begins(cluster, "InboundPassthrough"); }

/* ---- a line of text ---- */

enum { HEAD = 28, QUOTES = 14 };

static bool is_protocol(Span text)
{
    return is(text, "HTTP/1.1") || is(text, "HTTP/2") || is(text, "-") || is(text, "HTTP/1.0") ||
           is(text, "HTTP/3") || is(text, "HTTP/0.9");
}

/* Method, path and protocol. */
static bool is_request(Span text)
{
    Span method = until(text, ' ');
    if (method.start == method.end || method.end == text.end)
        return false;
    Span path = until((Span){method.end + 1, text.end}, ' ');
    return path.start != path.end && path.end != text.end && is_protocol((Span){path.end + 1, text.end});
}

/* Whether quotes around it are sure to be Envoy's own. */
static bool is_plain(Span text) { return !is(text, " ") && !ends(text, "Z] "); }

/* The next word of a text in which words have one space between them. */
static bool next_word(Span *text, Span *word)
{
    *word = until(*text, ' ');
    if (word->start == word->end || word->end == text->end)
        return false;
    text->start = word->end + 1;
    return true;
}

static bool text_line(Scan *scan, Span line, const byte *const *quotes, Row *row)
{
    if (size_of(line) < HEAD || quotes[0] != line.start + HEAD - 1 || line.start[0] != '[' ||
        line.start[25] != ']' || line.start[26] != ' ' || !time_of(scan, line.start + 1, &row->second))
        return false;
    Span part[QUOTES]; /* part[i] follows quote i */
    for (int i = 0; i < QUOTES; i++)
        part[i] = (Span){quotes[i] + 1, i + 1 < QUOTES ? quotes[i + 1] : line.end};
    Span request = part[0], status = part[1], failure = part[2], sizes = part[3], forwarded = part[4];
    Span agent = part[6], id = part[8], authority = part[10], host = part[12], tail = part[13];
    for (int i = 5; i < 13; i += 2)
        if (!is(part[i], " "))
            return false;
    if (!is_request(request) || !is_plain(failure) || !is_plain(forwarded) || !is_plain(agent) ||
        !is_plain(id) || until(authority, ' ').end != authority.end)
        return false;

    int64_t service_time;
    if (size_of(sizes) < 1 || *sizes.start++ != ' ' || !next_number(&sizes, &row->received) ||
        !next_number(&sizes, &row->sent) || !next_number(&sizes, &row->duration) ||
        !next_number(&sizes, &service_time) || sizes.start != sizes.end)
        return false;

    Span cluster, local, listener, remote, server_name;
    if (size_of(tail) < 1 || *tail.start++ != ' ' || !next_word(&tail, &cluster) || !next_word(&tail, &local) ||
        !next_word(&tail, &listener) || !next_word(&tail, &remote) || !next_word(&tail, &server_name) ||
        tail.start == tail.end)
        return false;

    bool inbound = is_inbound(cluster);
    scan->shape_size = 0;
    put(scan, status, is(request, "- - -") ? 't' : 'h');
    put(scan, (Span){host.start, cluster.end}, '\n');
    if (!put_address(scan, local, !inbound) || !put_address(scan, listener, inbound) ||
        !put_address(scan, remote, inbound))
        return false;
    put(scan, (Span){server_name.start, line.end}, '\n');
    row->request = !scan->join || is(id, "-") ? 0 : fingerprint(id);
    return true;
}

/* ---- a line of JSON ---- */

#define WORD(text) {text, sizeof(text) - 1}

static const struct {
    const char *text;
    size_t size;
} KEY[KEYS] = {
    WORD("start_time"), WORD("response_code"), WORD("method"), WORD("path"), WORD("protocol"),
    WORD("response_flags"), WORD("bytes_received"), WORD("bytes_sent"), WORD("duration"),
    WORD("upstream_service_time"), WORD("request_id"), WORD("upstream_host"), WORD("upstream_cluster"),
    WORD("upstream_local_address"), WORD("downstream_local_address"), WORD("downstream_remote_address"),
    WORD("requested_server_name"), WORD("route_name"), WORD("user_agent"), WORD("authority"),
    WORD("x_forwarded_for"), WORD("response_code_details"), WORD("connection_termination_details"),
    WORD("upstream_transport_failure_reason")};

#undef WORD

static bool is_number_key(int key)
{
    return key == CODE || key == RECEIVED || key == SENT || key == DURATION || key == SERVICE_TIME;
}

static bool is_key(Span name, int key)
{
    return size_of(name) == KEY[key].size && memcmp(name.start, KEY[key].text, KEY[key].size) == 0;
}

/* The key that a line has in this place: most often that of the line before. */
static int key_of(Scan *scan, int place, Span name)
{
    if (is_key(name, scan->order[place]))
        return scan->order[place];
    for (int key = 0; key < KEYS; key++)
        if (is_key(name, key))
            return scan->order[place] = key;
    return -1;
}

/* A string from behind its first quote to its last one; NULL if it has escapes, control bytes or no end. */
static const byte *end_of_string(const byte *p, const byte *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        uint64_t stops = among_16(p, '"') | among_16(p, '\\') | controls_16(p);
        if (stops) {
            p += __builtin_ctzll(stops);
            return *p == '"' ? p : NULL;
        }
    }
#endif
    while (p < end && *p != '"') {
        if (*p == '\\' || *p < 0x20)
            return NULL;
        p++;
    }
    return p < end ? p : NULL;
}

/* Text of the value: without quotes, - for null. */
static bool json_value(const byte **at, const byte *end, bool as_number, Span *value)
{
    static const byte unset[] = "-";
    const byte *p = *at;
    if (p < end && *p == '"') {
        const byte *close = end_of_string(p + 1, end);
        if (close == NULL)
            return false;
        *value = (Span){p + 1, close};
        *at = close + 1;
        return true;
    }
    if (end - p >= 4 && memcmp(p, "null", 4) == 0) {
        *value = (Span){unset, unset + 1};
        *at = p + 4;
        return true;
    }
    const byte *start = p;
    while (p < end && is_digit(*p))
        p++;
    *value = (Span){start, p};
    *at = p;
    return as_number && p > start && (*start != '0' || p == start + 1);
}

static bool json_members(Scan *scan, Span line, Span values[KEYS])
{
    static const byte unset[] = "-";
    for (int key = 0; key < KEYS; key++)
        values[key] = (Span){unset, unset + 1};
    uint32_t seen = 0;
    const byte *p = line.start; /* at the brace, then at a comma */
    int place = 0;
    do {
        if (line.end - ++p < 2 || *p != '"')
            return false;
        const byte *close = end_of_string(++p, line.end);
        if (close == NULL || line.end - close < 2 || close[1] != ':')
            return false;
        int key = place < KEYS ? key_of(scan, place++, (Span){p, close}) : -1;
        if (key < 0 || seen >> key & 1)
            return false;
        seen |= (uint32_t)1 << key;
        p = close + 2;
        if (!json_value(&p, line.end, is_number_key(key), &values[key]))
            return false;
    } while (p < line.end && *p == ',');
    return line.end - p == 1 && *p == '}' && (seen >> START_TIME & 1) && (seen >> CODE & 1);
}

static bool json_line(Scan *scan, Span line, Row *row)
{
    Span value[KEYS];
    int64_t code, service_time;
    if (!json_members(scan, line, value) || size_of(value[START_TIME]) != 24 ||
        !time_of(scan, value[START_TIME].start, &row->second) || !number(value[CODE], &code) ||
        !number(value[RECEIVED], &row->received) || !number(value[SENT], &row->sent) ||
        !number(value[DURATION], &row->duration) || !number(value[SERVICE_TIME], &service_time))
        return false;
    bool inbound = is_inbound(value[CLUSTER]);
    bool tcp = is(value[METHOD], "-") && is(value[PATH], "-") && is(value[PROTOCOL], "-");
    scan->shape_size = 0;
    put(scan, (Span){line.start, line.start + 1}, tcp ? 't' : 'h');
    put(scan, value[CODE], '\n');
    put(scan, value[FLAGS], '\n');
    put(scan, value[CLUSTER], '\n');
    put(scan, value[HOST], '\n');
    put(scan, value[SERVER_NAME], '\n');
    put(scan, value[ROUTE], '\n');
    if (!put_address(scan, value[LOCAL], !inbound) || !put_address(scan, value[LISTENER], inbound) ||
        !put_address(scan, value[REMOTE], inbound))
        return false;
    row->request = !scan->join || is(value[REQUEST_ID], "-") ? 0 : fingerprint(value[REQUEST_ID]);
    return true;
}

/* ---- a block ---- */

/* The line from p on, and where its quotes are; counting ends one past the plain number. */
#ifdef __SSE2__
static const byte *line_end(const byte *p, const byte *end, const byte **quotes, int *count)
{
    int found = 0;
    for (; end - p >= 64; p += 64) {
        uint64_t stops = among_64(p, '\n'), marks = among_64(p, '"');
        if (stops)
            marks &= (stops & -stops) - 1;
        for (; marks; marks &= marks - 1)
            if (found <= QUOTES)
                quotes[found++] = p + __builtin_ctzll(marks);
        if (stops) {
            *count = found;
            return p + __builtin_ctzll(stops);
        }
    }
    for (; p < end && *p != '\n'; p++)
        if (*p == '"' && found <= QUOTES)
            quotes[found++] = p;
    *count = found;
    return p;
}
#else
static const byte *line_end(const byte *p, const byte *end, const byte **quotes, int *count)
{
    const byte *stop = until((Span){p, end}, '\n').end;
    int found = 0;
    while (found <= QUOTES && (p = memchr(p, '"', (size_t)(stop - p))) != NULL)
        quotes[found++] = p++;
    *count = found;
    return stop;
}
#endif

static bool line(Scan *scan, const byte *block, Span text, const byte *const *quotes, int count)
{
    Row row = {.at = text.start - block};
    if (text.start == text.end)
        return false;
    bool plain = *text.start == '{' ? json_line(scan, text, &row)
                                    : count == QUOTES && text_line(scan, text, quotes, &row);
    if (!plain || (row.shape = number_of_shape(scan, row.at, (int64_t)size_of(text))) < 0)
        return false;
    Row *place = more(&scan->rows, 1, sizeof row);
    if (place == NULL) {
        scan->out_of_memory = true;
        return false;
    }
    *place = row;
    return true;
}

static void read_block(Scan *scan, const byte *block, size_t size)
{
    const byte *end = block + size;
    int64_t number = 0;
    for (const byte *p = block; p < end && !scan->out_of_memory; number++) {
        const byte *quotes[QUOTES + 1];
        int count;
        const byte *stop = line_end(p, end, quotes, &count);
        if (!line(scan, block, (Span){p, stop}, quotes, count)) {
            Doubt *doubt = more(&scan->doubts, 1, sizeof *doubt);
            if (doubt == NULL)
                scan->out_of_memory = true;
            else
                *doubt = (Doubt){number, p - block, stop - p};
        }
        p = stop < end ? stop + 1 : end;
    }
}

/* The rows, column after column. */
static PyObject *columns_of(const Scan *scan)
{
    size_t count = scan->rows.used;
    const int64_t *rows = scan->rows.items;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * sizeof(Row)));
    if (bytes == NULL)
        return NULL;
    byte *columns = (byte *)PyBytes_AS_STRING(bytes);
    Py_BEGIN_ALLOW_THREADS /* nobody else has seen the object yet */
    for (size_t row = 0; row < count; row++)
        for (size_t column = 0; column < COLUMNS; column++)
            memcpy(columns + (column * count + row) * sizeof *rows, rows + row * COLUMNS + column, sizeof *rows);
    Py_END_ALLOW_THREADS
    return bytes;
}

static PyObject *bytes_of(const void *items, size_t count, size_t item)
{
    return PyBytes_FromStringAndSize(items, (Py_ssize_t)(count * item));
}

static PyObject *shapes_of(const Scan *scan)
{
    PyObject *list = PyList_New((Py_ssize_t)scan->shapes.used);
    for (size_t number = 0; list && number < scan->shapes.used; number++) {
        const Shape *shape = (const Shape *)scan->shapes.items + number;
        PyObject *item = Py_BuildValue("(y#LL)", (const char *)scan->texts.items + shape->text,
                                       (Py_ssize_t)shape->size, (long long)shape->at, (long long)shape->line);
        if (item == NULL)
            Py_CLEAR(list);
        else
            PyList_SET_ITEM(list, (Py_ssize_t)number, item);
    }
    return list;
}

static PyObject *scan(PyObject *module, PyObject *arguments)
{
    (void)module;
    Py_buffer block;
    int join;
    if (!PyArg_ParseTuple(arguments, "y*p", &block, &join))
        return NULL;
    Scan scan = {.join = join != 0};
    Py_BEGIN_ALLOW_THREADS
    read_block(&scan, block.buf, (size_t)block.len);
    Py_END_ALLOW_THREADS
    PyBuffer_Release(&block);
    PyObject *result = scan.out_of_memory
                           ? PyErr_NoMemory()
                           : Py_BuildValue("(NNN)", columns_of(&scan),
                                           bytes_of(scan.doubts.items, scan.doubts.used, sizeof(Doubt)),
                                           shapes_of(&scan));
    PyMem_RawFree(scan.rows.items);
    PyMem_RawFree(scan.doubts.items);
    PyMem_RawFree(scan.shapes.items);
    PyMem_RawFree(scan.texts.items);
    PyMem_RawFree(scan.slots);
    return result;
}

static PyMethodDef methods[] = {
    {"scan", scan, METH_VARARGS,
     "scan(block, join) -> (rows, doubts, shapes)\n\n"
     "Of the rows, 7 columns of int64: at, shape, second, duration, received, sent, request; of each doubt 3:\n"
     "number, at, size; shapes are (text, at, size) of their first lines. A block is whole lines."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_scan", "The quick way through a block of access lines.", 0, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__scan(void)
{
    PyObject *module = PyModule_Create(&definition);
    if (module && PyModule_AddIntConstant(module, "EDITION", EDITION) < 0)
        Py_CLEAR(module);
    return module;
}
