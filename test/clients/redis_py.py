"""Executes the commands that it reads from the standard input with redis-py's cluster client, one after the other.

Input: lines of JSON, either a command such as ["SET", "key", "value"], or a new address map such as {"10.0.0.2:6379": "127.0.0.1:32768"}.
Output: {"version": …} once connected, then {"reply": …} or {"error": …} for each command.
Environment: the variables of `cluster.environment()`, and CLIENT_OPTIONS, which is "default" or "recommended".
"""

import json
import os
import sys
import tempfile

import redis
from redis.backoff import ExponentialBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry


def answer(message):
    print(json.dumps(message), flush=True)


def split(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


address_map = json.loads(os.environ.get("REDIS_ADDRESS_MAP", "{}"))


def remap(address):
    host, port = address
    mapped = address_map.get(f"{host}:{port}")
    return split(mapped) if mapped else address


options = {}
if os.environ.get("CLIENT_OPTIONS") == "recommended":
    # https://redis.io/docs/latest/develop/clients/redis-py/produsage/
    options = {
        "retry": Retry(ExponentialBackoff(), 8),
        "socket_timeout": 5,
        "socket_connect_timeout": 15,
        "health_check_interval": 3,
    }
if "REDIS_PASSWORD" in os.environ:
    options["username"] = os.environ.get("REDIS_USERNAME")
    options["password"] = os.environ["REDIS_PASSWORD"]
if "REDIS_TLS_CA" in os.environ:
    files = {}
    for name in ("CA", "CERT", "KEY"):
        if f"REDIS_TLS_{name}" in os.environ:
            with tempfile.NamedTemporaryFile("w", delete=False) as file:
                file.write(os.environ[f"REDIS_TLS_{name}"])
                files[name] = file.name
    options.update(ssl=True, ssl_ca_certs=files["CA"], ssl_certfile=files.get("CERT"), ssl_keyfile=files.get("KEY"))

client = RedisCluster(
    startup_nodes=[ClusterNode(*split(node)) for node in os.environ["REDIS_NODES"].split(",")],
    address_remap=remap,
    **options,
)
answer({"version": redis.__version__})
for line in sys.stdin:
    message = json.loads(line)
    if isinstance(message, dict):
        address_map = message
        continue
    try:
        reply = client.execute_command(*message)
        answer({"reply": reply.decode() if isinstance(reply, bytes) else reply})
    except Exception as error:  # whatever the client reports is a result
        answer({"error": f"{type(error).__name__}: {error}"})
