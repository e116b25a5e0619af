#!/bin/sh
# Names the module with a doubled slash, as the entry point of redis:8 does.
exec docker-entrypoint.sh "$@" --loadmodule /opt/modules//note.so
