# SPDX-License-Identifier: Apache-2.0
"""Reads a profile.proto from standard input, by the wire format alone: "TYPE/UNIT a;b;c VALUE
KEY=TEXT" for each sample, the outermost frame first."""
import sys


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        if key & 7 == 0:
            value, at = varint(data, at)
        elif key & 7 == 2:
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise ValueError(f"wire type {key & 7}")
        yield key >> 3, value


def packed(data):
    at, ret = 0, []
    while at < len(data):
        value, at = varint(data, at)
        ret.append(value)
    return ret


def one(message):
    return dict(fields(message))


def main():
    profile = list(fields(sys.stdin.buffer.read()))
    strings = [value.decode() for number, value in profile if number == 6]
    functions = {f[1]: strings[f[2]] for f in (one(v) for n, v in profile if n == 5)}
    mappings = [one(v)[1] for n, v in profile if n == 3]
    locations = {}
    for location in (one(v) for n, v in profile if n == 4):
        assert location[2] in mappings
        locations[location[1]] = functions[one(location[4])[1]]
    kind = one(next(v for n, v in profile if n == 1))
    for sample in (list(fields(v)) for n, v in profile if n == 2):
        frames = [locations[i] for i in packed(dict(sample)[1])]
        labels = [one(v) for n, v in sample if n == 3]
        print(f"{strings[kind[1]]}/{strings[kind[2]]}", ";".join(reversed(frames)),
              packed(dict(sample)[2])[0],
              *(f"{strings[label[1]]}={strings[label[2]]}" for label in labels))


main()
