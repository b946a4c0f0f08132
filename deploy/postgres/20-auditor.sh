#!/bin/sh
# Run once, after the databases are there: a role that reads what the services write, and nothing
# else, for `cadre audit verify`. In a system that is older than this file, run it by hand:
#   docker compose exec postgres sh /docker-entrypoint-initdb.d/20-auditor.sh
set -eu

psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d postgres \
  -v password="$CADRE_DATABASE_PASSWORD_AUDITOR" <<'SQL'
SELECT 'CREATE ROLE auditor LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'auditor')
\gexec
ALTER ROLE auditor PASSWORD :'password';
ALTER ROLE auditor SET default_transaction_read_only = on;
SQL

for service in selection training supervision appointment; do
  psql -v ON_ERROR_STOP=1 --no-psqlrc -U "$POSTGRES_USER" -d "$service" -v service="$service" <<'SQL'
GRANT CONNECT ON DATABASE :"service" TO auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor;
ALTER DEFAULT PRIVILEGES FOR ROLE :"service" IN SCHEMA public GRANT SELECT ON TABLES TO auditor;
SQL
done
