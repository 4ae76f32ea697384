#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cumulative metrics that a receiver of OTLP got, compared with a scrape of the same run.

    otlp_compare.py REQUESTS METRICS NAMESPACE   the receiver's requests.jsonl, a text scrape, and the
                                                 first part of the names; prints "N equal", or what
                                                 is not
"""
import json
import math
import re
import sys


def plain(name):
    """A name without what only Prometheus writes into it."""
    return re.sub('_(total|bytes|seconds|microseconds)$', '', re.sub('_total$', '', name.replace('.', '_')))


def attributes(point):
    return frozenset((a['key'].replace('.', '_'), next(iter(a['value'].values())))
                     for a in point.get('attributes', []) if next(iter(a['value'].values())) != '')


def received(path):
    """(name, attributes) -> value, or (count, sum, {bound: count up to it})."""
    got = {}
    for line in open(path, encoding='utf-8'):
        request = json.loads(line)
        if request['signal'] != 'metrics' or request['answer'] != 'ok':
            continue
        for resource in request['message']['resourceMetrics']:
            for scope in resource['scopeMetrics']:
                for metric in scope['metrics']:
                    for kind in ('sum', 'gauge', 'histogram'):
                        for point in metric.get(kind, {}).get('dataPoints', []):
                            got[plain(metric['name']), attributes(point)] = value_of(point)
    return got


def value_of(point):
    if 'count' not in point and 'bucketCounts' not in point:
        return float(point.get('asInt', point.get('asDouble', 0)))
    below, total = {}, 0
    for bound, count in zip(point.get('explicitBounds', []) + [math.inf], point['bucketCounts']):
        total += int(count)
        below[float(bound)] = total
    return int(point['count']), float(point.get('sum', 0)), below


def main():
    got, compared, faults = received(sys.argv[1]), 0, []
    for line in open(sys.argv[2], encoding='utf-8'):
        m = re.match(r'^(' + sys.argv[3] + r'_[a-z0-9_]+)(?:\{(.*)\})? (\S+)$', line)
        if not m:
            continue
        want = float(m[3])
        labels = dict(re.findall(r'([a-z0-9_]+)="([^"]*)"', m[2] or ''))
        le = labels.pop('le', None)
        key = frozenset((k, v) for k, v in labels.items() if v)
        base = re.sub('_(bucket|sum|count)$', '', m[1])
        have = got.get((plain(base), key))
        if isinstance(have, tuple) and base != m[1]:
            have = have[2].get(float(le)) if le else have[0 if m[1].endswith('_count') else 1]
        else:
            have = got.get((plain(m[1]), key))
        compared += 1
        # A mean of nothing is no number.
        if have is None or not (have == want or abs(have - want) <= 1e-9 * abs(want) or
                                math.isnan(have) and math.isnan(want)):
            faults.append(f'{line.strip()}: got {have}')
    print('\n'.join(faults[:10]) if faults else f'{compared} equal')


main()
