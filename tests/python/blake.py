"""BLAKE3 as a tree, for the hashes of chunks: what libraries that give the hash alone do not tell.

Many nodes of a level are made at once: a number holds one 32-bit word of each of them, 64 bits apart.
"""

import sys
from array import array

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
ORDER = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
START, END, PARENT, ROOT = 1, 2, 4, 8
LEAF, BLOCK = 1024, 64


def _little(words):
    if sys.byteorder == "big":
        words.byteswap()
    return words


def _pack(words):
    return int.from_bytes(_little(array("Q", words)).tobytes(), "little")


def _unpack(number, count):
    words = array("Q")
    words.frombytes(number.to_bytes(8 * count, "little"))
    return _little(words)


def _compress(value, block, counters, length, flags):
    """One block of each of many nodes. Words are lists of numbers with a word of each node."""
    count = len(value[0])
    ones = _pack([1] * count)
    mask = 0xFFFFFFFF * ones

    def turn(word, by):
        return (word >> by | word << 32 - by) & mask

    def mix(a, b, c, d, x, y):
        v[a] = (v[a] + v[b] + x) & mask
        v[d] = turn(v[d] ^ v[a], 16)
        v[c] = (v[c] + v[d]) & mask
        v[b] = turn(v[b] ^ v[c], 12)
        v[a] = (v[a] + v[b] + y) & mask
        v[d] = turn(v[d] ^ v[a], 8)
        v[c] = (v[c] + v[d]) & mask
        v[b] = turn(v[b] ^ v[c], 7)

    v = [_pack(words) for words in value] + [word * ones for word in IV[:4]]
    v += [_pack(low & 0xFFFFFFFF for low in counters), _pack(high >> 32 for high in counters)]
    v += [length * ones, flags * ones]
    m = [_pack(words) for words in block]
    for _ in range(7):
        for at in range(4):
            mix(at, 4 + at, 8 + at, 12 + at, m[2 * at], m[2 * at + 1])
        for at in range(4):
            mix(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4, m[8 + 2 * at], m[9 + 2 * at])
        m = [m[at] for at in ORDER]
    return [_unpack(v[at] ^ v[at + 8], count) for at in range(8)]


def _leaves(data, first):
    """The chaining values of leaves of the same length, as eight lists of words."""
    count = max(1, len(data) // LEAF)
    length = len(data) // count
    padded = -(-max(length, 1) // BLOCK) * BLOCK
    if padded != length:
        data = data + bytes(padded - length)
    words = _little(array("I", data))
    each = padded // 4
    value = [[word] * count for word in IV]
    for block in range(padded // BLOCK):
        last = block == padded // BLOCK - 1
        flags = (START if block == 0 else 0) | (END if last else 0)
        inside = [words[16 * block + at :: each] for at in range(16)]
        long = length - block * BLOCK if last else BLOCK
        value = _compress(value, inside, range(first, first + count), long, flags)
    return value


def _joined(nodes, flags=0):
    """The next level: pairs make a node, the odd one goes on as it is."""
    pairs = len(nodes[0]) // 2
    block = [words[0 : 2 * pairs : 2] for words in nodes] + [words[1 : 2 * pairs : 2] for words in nodes]
    made = _compress([[word] * pairs for word in IV], block, [0] * pairs, BLOCK, PARENT | flags)
    return [list(new) + list(words[2 * pairs :]) for new, words in zip(made, nodes)]


def _bytes(nodes):
    return b"".join(words[0].to_bytes(4, "little") for words in nodes)


def chaining_value(data, offset):
    """Of bytes that begin at an offset of a larger input: the node over them, which is not the root."""
    whole = len(data) // LEAF * LEAF
    nodes = [[] for _ in range(8)]
    for part, at in ((data[:whole], 0), (data[whole:], whole)):
        if part:
            for words, new in zip(nodes, _leaves(part, (offset + at) // LEAF)):
                words.extend(new)
    while len(nodes[0]) > 1:
        nodes = _joined(nodes)
    return _bytes(nodes)


def root(values):
    """The hash over the chaining values of two or more parts of a power of two of leaves each."""
    words = [[int.from_bytes(value[4 * at : 4 * at + 4], "little") for value in values] for at in range(8)]
    while len(words[0]) > 2:
        words = _joined(words)
    return _bytes(_joined(words, ROOT))
