#!/bin/sh
# Run once, when the database server is first started: a database and a role for each service, and
# `keys`, where the key of every person lives; all services may use that one.
set -eu

create() {
  psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d postgres \
    -v name="$1" -v password="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
}

create selection "$CADRE_DATABASE_PASSWORD_SELECTION"
create training "$CADRE_DATABASE_PASSWORD_TRAINING"
create supervision "$CADRE_DATABASE_PASSWORD_SUPERVISION"
create appointment "$CADRE_DATABASE_PASSWORD_APPOINTMENT"
create keys "$CADRE_DATABASE_PASSWORD_KEYS"
