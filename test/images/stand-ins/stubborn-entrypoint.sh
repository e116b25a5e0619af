#!/bin/sh
exec redis-server --protected-mode no
