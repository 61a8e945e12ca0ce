/* The inner loops of the matcher; see native.py, which builds and calls them.

   Each has a twin in Python and numpy that gives the same, number for number: sums are of whole
   hundredths. Places and sizes are checked by the caller; nothing here allocates or writes beyond
   the arrays that it is given. */

#include <stdint.h>

#define MULTIPLIER UINT64_C(0x9E3779B97F4A7C15)

/* Literals: a trie of their characters from the last to the first, in one open hash. Walked back
   from each place of a text, it gives what ends there; so all that is found comes by its end. */

typedef struct {
    uint64_t key; /* the node before << 16 | code; 0: an empty slot, since no code is 0 */
    int32_t node;
    int32_t literal; /* -1: none ends its way here */
} slot;

/* There are 2 to the power of `bits` slots, more than half of them empty. */
static inline uint64_t seek(const slot *slots, int64_t bits, uint64_t key) {
    uint64_t at = key * MULTIPLIER >> (64 - bits), mask = (UINT64_C(1) << bits) - 1;
    while (slots[at].key && slots[at].key != key) at = (at + 1) & mask;
    return at;
}

/* A bit for each pair of codes, many pairs to one bit: whether any literal ends so. */
static inline uint32_t pair_of(uint32_t before, uint32_t last) {
    return (last * UINT32_C(0x9E37) ^ before) & 0xFFFF;
}

void literals_build(const uint16_t *codes, const int64_t *bounds, int64_t literals, slot *slots,
                    int64_t bits, uint8_t *pairs) {
    int32_t nodes = 0;
    for (int64_t literal = 0; literal < literals; literal++) {
        int64_t first = bounds[literal], last = bounds[literal + 1] - 1;
        uint64_t node = 0, at = 0;
        for (int64_t place = last; place >= first; place--) {
            at = seek(slots, bits, node << 16 | codes[place]);
            if (!slots[at].key) {
                slots[at].key = node << 16 | codes[place];
                slots[at].node = ++nodes;
                slots[at].literal = -1;
            }
            node = (uint64_t)slots[at].node;
        }
        slots[at].literal = (int32_t)literal;
        if (first == last) {
            for (int each = 0; each < 0x2000; each++) pairs[each] = 0xFF;
        } else {
            uint32_t pair = pair_of(codes[last - 1], codes[last]);
            pairs[pair >> 3] |= (uint8_t)(1 << (pair & 7));
        }
    }
}

/* Rows of literal, start and end; the count, which may be more than there was room for. */
int64_t literals_find(const uint16_t *codes, int64_t size, const slot *slots, int64_t bits,
                      const uint8_t *pairs, int64_t *found, int64_t room) {
    int64_t count = 0;
    uint32_t before = 0;
    for (int64_t last = 0; last < size; last++) {
        uint32_t pair = pair_of(before, codes[last]);
        before = codes[last];
        if (!(pairs[pair >> 3] >> (pair & 7) & 1)) continue;
        uint64_t node = 0;
        for (int64_t first = last; first >= 0 && codes[first]; first--) {
            uint64_t at = seek(slots, bits, node << 16 | codes[first]);
            if (!slots[at].key) break;
            node = (uint64_t)slots[at].node;
            if (slots[at].literal >= 0) {
                if (count < room) {
                    found[3 * count] = slots[at].literal;
                    found[3 * count + 1] = first;
                    found[3 * count + 2] = last + 1;
                }
                count++;
            }
        }
    }
    return count;
}

/* Runs of one to four characters; the tables are those of runs.py. What begins at a place is four
   cells, one a length: the number of the run, above three flags. The number of `none` stands for no
   run: it weighs nothing and has no flag, so that there is nothing to ask for it. */

#define LONGEST 4
#define NUMBER_BITS 20
#define FRESH 1 /* the first such in its stretch */
#define OF_CLAIMS 2 /* it says something for some claim */
#define OF_PAGES 4 /* the same, on its page */
#define FLAGS 3 /* bits */
#define KNOWN 0x10000
#define DEAD (INT64_C(1) << 62)

#if defined(__GNUC__)
#define FETCH(address) __builtin_prefetch(address)
#else
#define FETCH(address) ((void)(address))
#endif

typedef struct {
    const uint16_t *codes; /* of each code point below KNOWN */
    const int32_t *single; /* the number of each code's run */
    const int64_t *slots[LONGEST - 1];
    int64_t shifts[LONGEST - 1];
    int64_t radix;
    int64_t none;
} table;

typedef struct {
    int16_t sentence, nearby, page, flags;
    int32_t seen; /* the stretch in which it was seen last */
} weight;

/* Places that are looked at together: what one needs is fetched while the others are dealt with. */
#define BLOCK 64

typedef struct {
    int64_t before[BLOCK]; /* the run, or at first the code, that a longer run begins with; or -1 */
    int64_t keys[BLOCK];
    uint64_t at[BLOCK];
    uint32_t codes[BLOCK + LONGEST];
    int32_t numbers[LONGEST][BLOCK];
} block;

/* The numbers of the runs that begin at `count` places from `first` on, in a text up to `end`. */
static void look(const table *runs, const weight *weights, const uint32_t *points, int64_t first,
                 int64_t count, int64_t end, block *own) {
    int32_t none = (int32_t)runs->none;
    for (int64_t place = 0; place < count + LONGEST; place++) {
        uint32_t point = first + place < end ? points[first + place] : KNOWN;
        own->codes[place] = point < KNOWN ? runs->codes[point] : 0;
    }
    for (int64_t place = 0; place < count; place++) {
        uint32_t code = own->codes[place];
        own->numbers[0][place] = runs->single[code];
        own->before[place] = code ? (int64_t)code : -1;
        FETCH(weights + own->numbers[0][place]);
    }
    for (int length = 1; length < LONGEST; length++) {
        const int64_t *slots = runs->slots[length - 1];
        int64_t shift = runs->shifts[length - 1];
        for (int64_t place = 0; place < count; place++) {
            int64_t code = own->codes[place + length], before = own->before[place];
            int64_t key = before < 0 || !code ? DEAD : before * runs->radix + code;
            own->keys[place] = key;
            own->at[place] = (uint64_t)key * MULTIPLIER >> shift;
            FETCH(slots + own->at[place]);
        }
        for (int64_t place = 0; place < count; place++) {
            int64_t entry = slots[own->at[place]];
            int known = entry >> NUMBER_BITS == own->keys[place];
            int64_t number = entry & ((1 << NUMBER_BITS) - 1);
            own->before[place] = known ? number : -1;
            own->numbers[length][place] = known ? (int32_t)number : none;
            FETCH(weights + own->numbers[length][place]);
        }
    }
}

/* The cells of each place; for each place, and the end, what all runs that begin before it weigh.
   Stretches are counted on from `stretches`; the last one's number is given. */
int64_t runs_look(const table *runs, const uint32_t *points, const int64_t *bounds, int64_t texts,
                  int64_t stretch, int64_t stretches, weight *weights, uint32_t *cells,
                  int64_t *sentence, int64_t *nearby, int64_t *page, int64_t *told) {
    int64_t size = bounds[texts];
    int64_t sentence_sum = 0, nearby_sum = 0, page_sum = 0, count = 0;
    block own;
    for (int64_t text = 0; text < texts; text++) {
        int64_t end = bounds[text + 1], next = bounds[text];
        for (int64_t first = bounds[text]; first < end; first += BLOCK) {
            int64_t places = end - first < BLOCK ? end - first : BLOCK;
            look(runs, weights, points, first, places, end, &own);
            for (int64_t at = 0; at < places; at++) {
                int64_t place = first + at;
                if (place == next) {
                    stretches++;
                    next += stretch;
                    weights[runs->none].seen = (int32_t)stretches;
                }
                sentence[place] = sentence_sum;
                nearby[place] = nearby_sum;
                page[place] = page_sum;
                told[place] = count;
                for (int length = 0; length < LONGEST; length++) {
                    uint32_t number = (uint32_t)own.numbers[length][at];
                    weight *said = weights + number;
                    uint32_t fresh = said->seen != (int32_t)stretches;
                    said->seen = (int32_t)stretches;
                    sentence_sum += said->sentence;
                    nearby_sum += said->nearby;
                    page_sum += fresh ? said->page : 0;
                    count += fresh;
                    cells[LONGEST * place + length] = number << FLAGS | (uint32_t)said->flags | fresh;
                }
            }
        }
    }
    sentence[size] = sentence_sum;
    nearby[size] = nearby_sum;
    page[size] = page_sum;
    told[size] = count;
    return stretches;
}

/* For each window what the runs that begin in it and have all flags of `asked` say for each claim;
   `said` has a row for each run, and `width`, a multiple of LANES, columns. */
#define CHUNK 256
#define LANES 24

void runs_claims(const uint32_t *cells, const int64_t *starts, const int64_t *ends,
                 int64_t windows, int64_t asked, const int16_t *said, int64_t width,
                 int64_t *sums) {
    uint32_t chosen[CHUNK + LONGEST];
    for (int64_t window = 0; window < windows; window++) {
        int64_t *own = sums + window * width;
        int64_t place = starts[window];
        while (place < ends[window]) {
            int64_t count = 0;
            for (; place < ends[window] && count < CHUNK; place++) {
                for (int length = 0; length < LONGEST; length++) {
                    uint32_t cell = cells[LONGEST * place + length];
                    chosen[count] = cell >> FLAGS;
                    int counts = (cell & (uint32_t)asked) == (uint32_t)asked;
                    if (counts) FETCH(said + (int64_t)(cell >> FLAGS) * width);
                    count += counts;
                }
            }
            for (int64_t column = 0; column < width; column += LANES) {
                int32_t some[LANES] = {0};
                for (int64_t each = 0; each < count; each++) {
                    const int16_t *row = said + (int64_t)chosen[each] * width + column;
                    for (int lane = 0; lane < LANES; lane++) some[lane] += row[lane];
                }
                for (int lane = 0; lane < LANES; lane++) own[column + lane] += some[lane];
            }
        }
    }
}

/* What a run says for a claim in its sentence. */
static inline int64_t speaks(const weight *weights, const int16_t *said, int64_t width,
                             int64_t number, int64_t claim) {
    return weights[number].sentence + said[number * width + claim];
}

/* For each window the part between commas in which most is said for its claim, with what follows
   it and goes before it as long as that speaks for it too. */
void runs_clauses(const uint32_t *cells, const uint8_t *commas, const int64_t *starts,
                  const int64_t *ends, const int64_t *of_claim, int64_t windows,
                  const weight *weights, const int16_t *said, int64_t width, int64_t *spans) {
    for (int64_t window = 0; window < windows; window++) {
        int64_t best = INT64_MIN, sum = 0, clause = starts[window], streak = clause;
        int speaking = 0, open = 0;
        for (int64_t place = starts[window]; place < ends[window]; place++) {
            for (int length = 0; length < LONGEST; length++)
                sum += speaks(weights, said, width, cells[LONGEST * place + length] >> FLAGS,
                              of_claim[window]);
            if (!commas[place] && place + 1 < ends[window]) continue;
            if (sum > 0 && !speaking) streak = clause;
            speaking = sum > 0;
            if (sum > best) {
                best = sum;
                spans[2 * window] = speaking ? streak : clause;
                spans[2 * window + 1] = place + 1;
                open = speaking;
            } else if (open && speaking) {
                spans[2 * window + 1] = place + 1;
            } else {
                open = 0;
            }
            clause = place + 1;
            sum = 0;
        }
    }
}

/* Whether a run may be named beside those that are: it overlaps none, and goes over no line end. */
static int may_stand(const uint32_t *points, int64_t place, int64_t length, const int64_t *named,
                     int64_t count) {
    for (int64_t each = 0; each < count; each++) {
        int64_t start = named[3 * each], end = start + named[3 * each + 1];
        if (place < end && start < place + length) return 0;
    }
    for (int64_t each = 0; each < length; each++)
        if (points[place + each] == '\n') return 0;
    return 1;
}

/* For each window up to `most` runs that speak loudest for its claim, none of them overlapping,
   none over a line end: their place, length and weight, rows of three. */
void runs_cues(const uint32_t *cells, const uint32_t *points, const int64_t *starts,
               const int64_t *ends, const int64_t *of_claim, const double *audible,
               int64_t windows, const weight *weights, const int16_t *said, int64_t width,
               int64_t most, int64_t *cues, int64_t *counts) {
    for (int64_t window = 0; window < windows; window++) {
        int64_t *own = cues + 3 * most * window;
        int64_t count = 0;
        for (; count < most; count++) {
            int64_t loudest = 0;
            for (int length = 0; length < LONGEST; length++) {
                for (int64_t place = starts[window]; place < ends[window]; place++) {
                    int64_t by = speaks(weights, said, width,
                                        cells[LONGEST * place + length] >> FLAGS, of_claim[window]);
                    if ((double)by <= audible[window] || by <= loudest) continue;
                    if (!may_stand(points, place, length + 1, own, count)) continue;
                    loudest = by;
                    own[3 * count] = place;
                    own[3 * count + 1] = length + 1;
                    own[3 * count + 2] = by;
                }
            }
            if (!loudest) break;
        }
        counts[window] = count;
    }
}

/* Folded text; see text.py. Kinds: 0 is kept, those from LINE on too, the others are set aside. */

#define LINE 4

static inline int is_digit(uint32_t point) {
    return (point >= '0' && point <= '9') || (point >= 0xFF10 && point <= 0xFF19);
}

/* The characters that are kept, where each stood, and the strongest kind that was set aside since
   the one before it; how many they are. */
int64_t text_fold(const uint32_t *points, int64_t size, const uint32_t *folds, const uint8_t *kinds,
                  int64_t known, uint32_t *chars, int64_t *where, uint8_t *gaps) {
    int64_t count = 0;
    uint8_t gap = 0;
    for (int64_t place = 0; place < size; place++) {
        uint32_t point = points[place] < known ? points[place] : (uint32_t)(known - 1);
        uint8_t kind = kinds[point];
        uint32_t folded = folds[point];
        if ((point == '.' || point == 0xFF0E) && place && place + 1 < size &&
            is_digit(points[place - 1]) && is_digit(points[place + 1])) {
            kind = 0; /* a mark inside a number */
            folded = '.';
        }
        if (kind && kind < LINE) {
            if (kind > gap) gap = kind;
            continue;
        }
        chars[count] = kind == LINE ? '\n' : folded;
        where[count] = place;
        gaps[count++] = gap;
        gap = 0;
    }
    return count;
}

/* The codes of a text but for those that are 0, and their places; how many they are. `wide` says
   that there are four bytes a character, else two. */
int64_t text_codes(const void *units, int64_t size, int64_t wide, const uint16_t *code_of,
                   int64_t known, uint16_t *codes, int64_t *places) {
    const uint16_t *narrow_units = units;
    const uint32_t *wide_units = units;
    int64_t count = 0;
    for (int64_t place = 0; place < size; place++) {
        int64_t point = wide ? (int64_t)wide_units[place] : (int64_t)narrow_units[place];
        codes[count] = point < known ? code_of[point] : 0;
        places[count] = place;
        count += codes[count] != 0;
    }
    return count;
}

/* Sentences; see sentences.py. Marks: 1 a comma, 2 a stop, of each code point below KNOWN. */

int64_t text_sentences(const uint32_t *points, const int64_t *bounds, int64_t texts,
                       const uint8_t *marks, int64_t longest, int64_t *starts, int64_t *ends,
                       int64_t *owners) {
    int64_t count = 0;
    for (int64_t text = 0; text < texts; text++) {
        int64_t last = bounds[text + 1], start = bounds[text], first = start, stretch = 0;
        for (int64_t place = first; place < last; place++) {
            uint8_t mark = points[place] < KNOWN ? marks[points[place]] : 0;
            int64_t cut = place + 1;
            int stop = mark == 2 && cut < last &&
                       (points[cut] >= KNOWN || marks[points[cut]] != 2);
            int whole = stop || cut == last;
            if (!whole) {
                if (mark != 1) continue;
                int64_t before = stretch;
                stretch = (cut - first) / longest;
                if (stretch == before) continue;
            }
            int64_t end = cut < last ? cut : last - 1; /* without the line end behind a text */
            if (start < end) {
                starts[count] = start;
                ends[count] = end;
                owners[count++] = text;
            }
            start = cut;
            if (whole) {
                first = cut;
                stretch = 0;
            }
        }
    }
    return count;
}
