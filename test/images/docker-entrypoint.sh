#!/bin/sh
# Like the official images' entry point: options alone mean the server, and root is given up for it.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then
  set -- "$SERVER_USER-server" "$@"
fi
case "$1" in
  redis-server | valkey-server)
    if [ "$(id -u)" = 0 ]; then
      find . \! -user "$SERVER_USER" -exec chown "$SERVER_USER" '{}' +
      exec setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --clear-groups -- "$0" "$@"
    fi
    ;;
esac
exec "$@"
