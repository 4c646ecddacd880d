#!/bin/sh
# Makes docker/secrets/ with random keys, once; files that are there stay. The folder is for its owner alone.
# compose.server.yaml also wants docker/secrets/tls.pem: certificate chain and private key in one file.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
[ -f secrets/tutor_server_key ] || random >secrets/tutor_server_key
[ -f secrets/database_password ] || random >secrets/database_password
[ -f secrets/grafana_password ] || random >secrets/grafana_password
[ -f secrets/tutor_database_url ] ||
    printf 'postgresql://tutor:%s@database/tutor' "$(cat secrets/database_password)" >secrets/tutor_database_url
# Containers read them under other user ids; nobody else reaches them through the folder.
chmod 444 secrets/*
ls secrets
