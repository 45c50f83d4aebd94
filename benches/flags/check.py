"""One check of the dial in Python, sark beside the SDKs offline and the GET of Redis that gateways made: nanoseconds as JSON, one round.

Usage: check.py PORT_OF_REDIS
"""

import json
import logging
import sys
import tempfile
import time

import redis
from growthbook import GrowthBook
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.flag_evaluation import FlagResolutionDetails
from openfeature.provider.in_memory_provider import InMemoryFlag, InMemoryProvider
from UnleashClient import UnleashClient
from UnleashClient.cache import FileCache

import sark

FEATURE = "rust_opa"
USERS = [f"user{number * 7919}" for number in range(1000)]


def timed(check, rounds):
    start = time.perf_counter_ns()
    for _ in range(rounds):
        for user in USERS:
            check(user)
    return (time.perf_counter_ns() - start) / rounds / len(USERS)


def sark_check():
    flags = sark.Flags("memory:")
    flags.set_rollout(FEATURE, 25)
    return lambda user: flags.is_enabled(FEATURE, user)


def unleash_check(folder):
    strategy = {"name": "flexibleRollout", "parameters": {"rollout": "25", "stickiness": "userId", "groupId": FEATURE}}
    feature = {"name": FEATURE, "type": "release", "enabled": True, "strategies": [strategy], "variants": []}
    cache = FileCache("bench", directory=folder)
    cache.bootstrap_from_dict({"version": 2, "features": [feature]})
    client = UnleashClient("http://localhost:1", "bench", cache=cache, disable_metrics=True, disable_registration=True)
    client.initialize_client(fetch_toggles=False)
    return lambda user: client.is_enabled(FEATURE, {"userId": user})


def openfeature_check():
    def evaluate(flag, context):
        variant = "on" if hash(context.targeting_key) % 100 < 25 else "off"
        return FlagResolutionDetails(flag.variants[variant], variant=variant)

    api.set_provider(InMemoryProvider({FEATURE: InMemoryFlag("on", {"on": True, "off": False}, context_evaluator=evaluate)}))
    client = api.get_client()
    return lambda user: client.get_boolean_value(FEATURE, False, EvaluationContext(targeting_key=user))


def growthbook_check():
    rule = {"force": True, "coverage": 0.25, "hashAttribute": "id"}
    book = GrowthBook(features={FEATURE: {"defaultValue": False, "rules": [rule]}})

    def check(user):
        book.set_attributes({"id": user})
        return book.is_on(FEATURE)

    return check


def redis_check(port):
    client = redis.Redis(port=port)
    client.set(f"feature:{FEATURE}:rollout_pct", 25)
    return lambda user: hash(f"{FEATURE}:{user}") % 100 < int(client.get(f"feature:{FEATURE}:rollout_pct"))


def main():
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        checks = {
            "sark": (sark_check(), 100),
            "Unleash": (unleash_check(folder), 5),
            "OpenFeature": (openfeature_check(), 10),
            "GrowthBook": (growthbook_check(), 20),
            "Redis GET": (redis_check(int(sys.argv[1])), 2),
        }
        for check, _ in checks.values():
            on = sum(bool(check(user)) for user in USERS)
            assert 150 < on < 350, f"{on} of 1000 users are on at 25 %"
        unlike = [user for user in USERS if checks["sark"][0](user) != checks["Unleash"][0](user)]
        assert not unlike, f"Unleash's gradual rollout assigns {unlike[:3]} to the other side"
        print(json.dumps({name: timed(check, rounds) for name, (check, rounds) in checks.items()}))


main()
